"""The files that a command reads and writes, before any of them is opened for that."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import weights_tools
from nstjax.cli.files.album_files import OURS, AlbumFiles
from nstjax.cli.files.apart import Named, Series, check_apart
from nstjax.cli.files.beside.film_kinds import check_kind
from nstjax.cli.files.beside.metrics import is_stream
from nstjax.cli.files.beside.snapshots import snapshot_name
from nstjax.cli.files.style_files import find_style_files
from nstjax.cli.parsing.arguments import Arguments, Run, SweepArguments
from nstjax.errors import UserError
from nstjax.files import check_name, check_place
from nstjax.images import check_writable
from nstjax.settings import Settings
from nstjax.settings.mixture import parse_mixture


@dataclass(frozen=True)
class StyleFiles:
    """The style pictures' files, and what is to be said of the folders that they are from."""

    files: list[Path]
    remarks: list[str]


def find_files(arguments: Arguments, several: Sequence[Settings]) -> StyleFiles:
    """Finds the style pictures, and makes sure that no file is written over one that is read.

    `several` are the settings of each picture that is made.

    Raises `UserError` where one is, and for a folder without style pictures.
    """
    output, run = arguments.output, arguments.run
    is_sweep = isinstance(arguments, SweepArguments)
    outputs, series = [Named("the file of -o", output)], []
    written_to = [output.parent, Path(os.path.realpath(output)).parent]
    if is_sweep:
        album = AlbumFiles.beside(output)
        outputs.append(Named("the index of the sweep", album.index))
        series.append(Series("pictures", album.folder, _of_sweep(output)))
        written_to.append(album.folder)
    if (metrics := _metrics_file(run)) is not None:
        outputs.append(Named("the file of --metrics", metrics))
    if run.checkpoint is not None:
        outputs.append(Named("the file of --checkpoint", run.checkpoint))
    if run.save_film is not None:
        outputs.append(Named("the film of --save-film", run.save_film))
    if run.save_every:
        is_one = _of_snapshots(output, run.save_every)
        series.append(Series("pictures on the way", output.parent, is_one))
    remarks: list[str] = []
    styles = find_style_files(arguments.pictures.styles, written_to, remarks.append)
    pictures = arguments.pictures
    groups = {
        "the content picture": [pictures.content] if pictures.content else [],
        "a style picture": styles,
        "a mask": pictures.masks,
        "a style mask": pictures.style_masks,
    }
    check_outputs_apart(outputs, series, groups, arguments, several)
    return StyleFiles(styles, remarks)


def check_outputs_apart(
    outputs: Sequence[Named],
    series: Sequence[Series],
    pictures: Mapping[str, Iterable[Path]],
    arguments: Arguments,
    several: Sequence[Settings],
) -> None:
    """Raises `UserError` where a file would be written over one that is read.

    Args:
        outputs: files that are written.
        series: files in folders that are.
        pictures: files that are read, by what they are for the command.
        arguments: what names others that are.
        several: all settings that pictures are made with.
    """
    _check_not_kept(outputs)
    groups = {**pictures, **_others(arguments, several)}
    check_apart(outputs, series, [Named(what, path) for what in groups for path in groups[what]])


def _check_not_kept(outputs: Sequence[Named]) -> None:
    """A network of a name is read from a file that nobody has named."""
    folder = os.path.realpath(weights_tools.weights_folder())
    for each in outputs:
        if os.path.dirname(os.path.realpath(each.path)) == folder:
            raise UserError(
                f"cannot write {each.path}: the networks are kept there; choose another folder"
            )


def check_outputs(arguments: Arguments) -> None:
    """Raises `UserError` where the picture, or what is written beside it, could not be."""
    run = arguments.run
    check_writable(arguments.output, run.bit_depth, arguments.settings.size)
    if (metrics := _metrics_file(run)) is not None:
        check_place(metrics)
    if run.checkpoint is not None:
        check_place(run.checkpoint)
    if run.save_film is not None:
        check_kind(run.save_film)
        check_place(run.save_film)
    if run.save_every:
        # Longer than the picture's own; the last number, only the work tells.
        last = snapshot_name(arguments.output, max(99_999, arguments.settings.steps))
        check_name(arguments.output.with_name(last))


def _metrics_file(run: Run) -> Path | None:
    """What is replaced, and not only written to."""
    return None if run.metrics is None or is_stream(run.metrics) else run.metrics


def _of_sweep(output: Path):
    return lambda name: bool(OURS.match(name)) and Path(name).suffix == output.suffix


def _of_snapshots(output: Path, every: int):
    pattern = re.compile(re.escape(output.stem) + r"_(\d{5,})" + re.escape(output.suffix), re.I)

    def is_one(name: str) -> bool:
        found = pattern.fullmatch(name)
        return found is not None and int(found[1]) % every == 0

    return is_one


def _others(arguments: Arguments, several: Sequence[Settings]) -> dict[str, Iterable[Path]]:
    """What is read besides pictures and masks."""
    first = {
        name
        for settings in several
        for name, _ in parse_mixture("init", settings.init)
        if os.path.isfile(name)
    }
    network = arguments.model
    kept = weights_tools.weights_folder()
    return {
        "the picture of --like": [arguments.like] if arguments.like else [],
        "the file of --settings": [arguments.settings_file] if arguments.settings_file else [],
        "the first picture of --init": map(Path, sorted(first)),
        "the weights of --model": [Path(network)] if os.path.isfile(network) else [],
        "a network that is kept": sorted(kept.iterdir()) if os.path.isdir(kept) else [],
    }
