"""The files of a batch: which contents are painted in which styles, and what the pictures are called."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nstjax.cli.files.album_files import AlbumFiles
from nstjax.cli.files.apart import Named, Series
from nstjax.cli.files.named_files import check_outputs_apart
from nstjax.cli.files.style_files import find_picture_files
from nstjax.cli.parsing.arguments import BatchArguments
from nstjax.errors import UserError

SEVERAL_TIMES = 4  # a sheet with a row for each content may be so many times as long as wide
SHORT = 8  # or have so many pictures in its only row or column


@dataclass(frozen=True)
class Pair:
    """One picture of a batch."""

    content: Path
    style: Path
    name: str  # of the picture's file
    place: tuple[int, int]  # row and column on the sheet, from 0

    @property
    def about(self) -> str:
        """What it is, in one line."""
        return f"{self.content} like {self.style}"


@dataclass(frozen=True)
class BatchFiles:
    """All pictures of a batch, where they go, and what is to be said of what was left out."""

    album: AlbumFiles
    pairs: list[Pair]
    rows: list[tuple[str, ...]]  # labels, lines of text
    columns: list[tuple[str, ...]]
    remarks: list[str]


def find_batch_files(arguments: BatchArguments) -> BatchFiles:
    """Finds the pictures, and makes sure that no file is written over one that is read.

    Raises `UserError` where one is, for a folder or pattern without pictures, for pairs that lack one,
    and for pictures that would have one name.
    """
    album = AlbumFiles.within(arguments.output, f".{arguments.format}")
    remarks: list[str] = []
    contents, styles = (
        find_picture_files(paths, album.folder, remarks.append)
        for paths in (arguments.contents, arguments.styles)
    )
    if arguments.pairs and len(contents) != len(styles):
        raise UserError(
            f"--pairs has {len(contents)} contents and {len(styles)} styles: name as many of each"
        )
    if not arguments.pairs:
        contents, styles = list(dict.fromkeys(contents)), list(dict.fromkeys(styles))
        both = [(content, style) for content in contents for style in styles]
    else:
        both = list(zip(contents, styles, strict=True))
    in_rows = not arguments.pairs and _is_handy(len(contents), len(styles))
    width = len(styles) if in_rows else math.ceil(math.sqrt(len(both)))
    names = _names(contents), _names(styles)
    pairs = [
        Pair(
            content,
            style,
            f"{names[0][content]}-{names[1][style]}{album.ending}",
            divmod(place, width),
        )
        for place, (content, style) in enumerate(both)
    ]
    _check_names(pairs)
    taken = {pair.name for pair in pairs}
    check_outputs_apart(
        [Named("the index of the batch", album.index), Named("the sheet", album.sheet)],
        [Series("pictures", album.folder, taken.__contains__)],
        {"a content picture": dict.fromkeys(contents), "a style picture": dict.fromkeys(styles)},
        arguments,
        [arguments.settings],
    )
    if in_rows:
        rows, columns = ([(file.stem,) for file in files] for files in (contents, styles))
    else:
        rows, columns = ([()] * count for count in (-(-len(both) // width), width))
    return BatchFiles(album, pairs, rows, columns, list(dict.fromkeys(remarks)))


def _is_handy(rows: int, columns: int) -> bool:
    """Whether a sheet with a row for each content and a column for each style can be looked at."""
    least, most = sorted((rows, columns))
    return most <= max(SEVERAL_TIMES * least, SHORT)


def _names(files: Iterable[Path]) -> dict[Path, str]:
    """What each file is called in the names of pictures: without its ending where that suffices."""
    several = dict.fromkeys(files)
    counted = Counter(file.stem.casefold() for file in several)
    return {
        file: file.stem if counted[file.stem.casefold()] == 1 else file.name for file in several
    }


def _check_names(pairs: Sequence[Pair]) -> None:
    known: dict[str, Pair] = {}
    for pair in pairs:
        # Some file systems take capital letters and small ones for the same.
        other = known.setdefault(pair.name.casefold(), pair)
        if other is not pair:
            raise UserError(
                f"{other.about} and {pair.about} would both be {pair.name}: rename a file, or use "
                "another folder for -o"
            )
