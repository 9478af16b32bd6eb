"""The files of an album: a folder of pictures, their index, and a sheet with all of them."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nstjax.errors import UserError
from nstjax.files import check_name, check_place
from nstjax.images import check_writable, read_comment

OURS = re.compile(r"\.?\d+-")  # names of a sweep's pictures, hidden while they are renamed
INDEX, SHEET = "index.json", "sheet.png"  # of a batch
Entry = dict[str, Any]  # what the index has of a cell


@dataclass(frozen=True)
class AlbumFiles:
    """Where an album lies."""

    folder: Path  # of the pictures
    index: Path
    sheet: Path
    ending: str  # of the pictures' names

    @classmethod
    def beside(cls, sheet: Path) -> "AlbumFiles":
        """Those of a sweep: its pictures lie in a folder beside the sheet."""
        return cls(sheet.with_suffix(""), _index_beside(sheet), sheet, sheet.suffix)

    @classmethod
    def within(cls, folder: Path, ending: str) -> "AlbumFiles":
        """Those of a batch: everything lies in one folder."""
        return cls(folder, folder / INDEX, folder / SHEET, ending)

    def check(self, names: Sequence[str], *, bit_depth: int, long_side: int) -> None:
        """Raises `UserError` where sheet, index or pictures could not be written.

        Args:
            names: of the pictures.
            bit_depth: of a channel of them.
            long_side: of the largest of them, in pixels.
        """
        folder = self.folder
        if os.path.lexists(folder) and not os.path.isdir(folder):
            raise UserError(f"cannot write pictures into {folder}: a file has that name; rename it")
        is_there = os.path.isdir(folder)
        for side in (self.sheet, self.index):
            if is_there or side.parent != folder:
                check_place(side)
        beside = folder if is_there else folder.parent
        check_writable(beside / max(names, key=len), bit_depth, long_side)
        for name in names:
            check_name(beside / name)

    def make_room(self, path: Path) -> None:
        """Makes the folder of a file, if it is not there.

        Raises `UserError` where that is refused.
        """
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {path.parent}: {error.strerror}") from None


def is_sheet(picture: Path) -> bool:
    """Whether a picture is the sheet of an album: it carries no recipe, but has an index."""
    of_batch = picture.name == SHEET and read_index(picture.with_name(INDEX))
    return bool(of_batch or read_index(_index_beside(picture)))


def read_index(index: Path) -> dict[str, Entry]:
    """What an earlier run wrote of each picture, by its file's name; nothing where that is damaged."""
    try:
        cells = json.loads(index.read_text(encoding="utf-8"))["cells"]
        return {Path(cell["file"]).name: cell for cell in cells if cell["file"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


def pictures_by_recipe(folder: Path, is_one: Callable[[str], object]) -> dict[str, list[Path]]:
    """The pictures of an earlier run, by the text that they carry; others in the folder are not read."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()) if os.path.isdir(folder) else ():
        if is_one(file.name):
            with contextlib.suppress(UserError):  # damaged
                found.setdefault(read_comment(file), []).append(file)
    return found


def rename(files: Sequence[tuple[Path, Path]]) -> None:
    """Gives files other names, of which some may be others' old ones.

    Raises `UserError` where that is refused.
    """
    try:
        aside = []
        for old, new in files:
            if old != new:
                # Found again by its recipe, should this be broken off.
                aside.append((old.with_name(f".{new.name}"), new))
                os.replace(old, aside[-1][0])
        for old, new in aside:
            os.replace(old, new)
    except OSError as error:
        folder = files[0][0].parent
        raise UserError(f"cannot rename a picture in {folder}: {error.strerror}") from None


def _index_beside(sheet: Path) -> Path:
    return sheet.with_suffix(".json")
