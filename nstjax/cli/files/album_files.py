"""The files of a sweep: beside a sheet the folder of its pictures, and their index."""

import contextlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nstjax.cli.parsing.grid import Grid
from nstjax.errors import UserError
from nstjax.files import check_name, check_place
from nstjax.images import check_writable, read_comment

OURS = re.compile(r"\.?\d+-")  # names of a sweep's pictures, hidden while they are renamed
Entry = dict[str, Any]  # what the index has of a cell


def folder_of(output: Path) -> Path:
    """Where the pictures of a sheet lie."""
    return output.with_suffix("")


def index_of(output: Path) -> Path:
    """Where the index of a sheet lies."""
    return output.with_suffix(".json")


def check_album(output: Path, grid: Grid, bit_depth: int) -> None:
    """Raises `UserError` where sheet, index or pictures could not be written."""
    folder, index = folder_of(output), index_of(output)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UserError(f"cannot write pictures into {folder}: a file has that name; rename it")
    check_writable(output, bit_depth, max(cell.settings.size for cell in grid.cells))
    check_place(index)
    beside = folder if os.path.isdir(folder) else output.parent
    names = [cell.file_name(output.suffix) for cell in grid.cells]
    check_place(beside / max(names, key=len))
    for name in names:
        check_name(beside / name)


def read_index(index: Path) -> dict[str, Entry]:
    """What an earlier run wrote of each picture, by its file's name; nothing where that is damaged."""
    try:
        cells = json.loads(index.read_text(encoding="utf-8"))["cells"]
        return {Path(cell["file"]).name: cell for cell in cells if cell["file"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


def pictures_by_recipe(folder: Path, ending: str) -> dict[str, list[Path]]:
    """The pictures of an earlier run, by the text that they carry; others in the folder are not read."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()) if os.path.isdir(folder) else ():
        if OURS.match(file.name) and file.suffix == ending:
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
