"""A sweep from files to files."""

import functools
import time
from collections.abc import Sequence

import jax

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.files.album import Album
from nstjax.cli.files.album_files import AlbumFiles
from nstjax.cli.files.inputs import Inputs, read_inputs, spread_of
from nstjax.cli.files.named_files import find_files
from nstjax.cli.files.sweep_plan import SweepPlan
from nstjax.cli.parsing.arguments import SweepArguments
from nstjax.cli.parsing.grid import Cell, Grid
from nstjax.cli.running.album_job import paint_album, tell_unfinished
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.cli.running.planning import album_plan_lines
from nstjax.cli.running.speech import Speech
from nstjax.images import check_writable
from nstjax.prepare import Transfer
from nstjax.settings import Settings
from nstjax.together import Program, in_common, plan_all


def run_sweep(arguments: SweepArguments, grid: Grid) -> int:
    """Makes the pictures that are not there yet, their index and the sheet; returns the exit code.

    Everything that can be checked is checked before the work begins.

    Raises `FloatingPointError` at the end, where pictures failed.
    """
    quiet = arguments.run.quiet
    speech = Speech(quiet=quiet)
    started = time.monotonic()
    _check_files(arguments, grid)
    several = [cell.settings for cell in grid.cells]
    inputs = read_inputs(arguments, find_files(arguments, several), several)
    keep_programs()
    with jax.default_device(inputs.tools.device):
        programs = _check_all(inputs, grid.cells)
        album = Album(SweepPlan(arguments.output, grid, inputs, arguments.thumbnail))
        for line in inputs.remarks:
            speech.warn(line)
        for line in inputs.tools.introduction(arguments):
            speech.say(line)
        devices = max(1, len(spread_of(arguments.run).devices))
        if arguments.run.plan:
            batches = plan_all(
                grid.cells,
                programs,
                _preparing(inputs),
                at_once=arguments.at_once,
                devices=devices,
            )
            for line in album_plan_lines(batches, arguments, inputs.tools):
                speech.warn(line)
            return SUCCESS
        paint_album(
            album,
            programs,
            _preparing(inputs),
            at_once=arguments.at_once,
            devices=devices,
            quiet=quiet,
            speech=speech,
        )
    for line in album.remarks:
        speech.warn(line)
    if tell_unfinished(album, speech):
        return SUCCESS
    if album.failed:
        cell, error = next(iter(album.failed.items()))
        raise FloatingPointError(
            f"{len(album.failed)} of {album.count} pictures failed, the first with {cell.about}: "
            f"{error}"
        )
    seconds = time.monotonic() - started
    speech.say(f"wrote {arguments.output} ({album.count} pictures, {seconds:.0f} s)")
    return SUCCESS


def _check_files(arguments: SweepArguments, grid: Grid) -> None:
    """Raises `UserError` where sheet, index or pictures could not be written."""
    files, depth = AlbumFiles.beside(arguments.output), arguments.run.bit_depth
    size = max(cell.settings.size for cell in grid.cells)
    names = [cell.file_name(files.ending) for cell in grid.cells]
    check_writable(files.sheet, depth, size)
    files.check(names, bit_depth=depth, long_side=size)


def _check_all(inputs: Inputs, cells: Sequence[Cell]) -> dict[Cell, Program | None]:
    """Raises `UserError` for settings that cannot work with these pictures; returns the programs."""
    groups: dict[Settings, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(in_common(cell.settings), []).append(cell)
    programs: dict[Cell, Program | None] = {}
    for common, group in groups.items():
        transfer = inputs.prepare(group[0].settings)
        programs.update(dict.fromkeys(group, Program(transfer.levels, common)))
        for settings in {cell.settings.init: cell.settings for cell in group}.values():
            transfer.with_settings(settings)  # its first picture may be a file
    return programs


def _preparing(inputs: Inputs):
    """Prepares the cells of one program from one transfer, whose pictures they then share."""

    @functools.lru_cache(maxsize=1)
    def with_common(common: Settings) -> Transfer:
        return inputs.prepare(common)

    return lambda cell: with_common(in_common(cell.settings)).with_settings(cell.settings)
