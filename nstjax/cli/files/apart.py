"""No file that is written is one that is read, by whatever name or link."""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nstjax.errors import UserError


class Named(NamedTuple):
    """A file, and what it is for the command."""

    what: str
    path: Path


class Series(NamedTuple):
    """Files with numbers in one folder, of which a command writes any."""

    what: str
    folder: Path
    is_one: Callable[[str], bool]  # of a file's name


def check_apart(
    outputs: Sequence[Named], several: Sequence[Series], inputs: Sequence[Named]
) -> None:
    """Raises `UserError` where a file would be written over one that is read, or twice.

    Equal are files of one name, whether it is spelled alike or not, and of several names: symbolic
    and hard links. Nothing is opened.
    """
    written: dict[Hashable, Named] = {}
    for each in (*outputs, *inputs):
        other = written.setdefault(_identity(each.path), each)
        if other is not each and other in outputs:
            raise _same(other.path, each)
    for series in several:
        there = {_identity(file) for file in _members(series)}
        for each in (*outputs, *inputs):
            inside = _identity(each.path.parent) == _identity(series.folder)
            if (inside and series.is_one(each.path.name)) or _identity(each.path) in there:
                raise UserError(
                    f"cannot write {series.what} into {series.folder}: {each.path} has such a name and "
                    f"is {each.what}; choose another name for -o"
                )


def _same(path: Path, other: Named) -> UserError:
    linked = "" if other.path == path else f" {other.path}"
    return UserError(f"cannot write {path}: it is {other.what}{linked}; choose another name")


def _members(series: Series) -> Iterator[Path]:
    try:
        yield from (file for file in series.folder.iterdir() if series.is_one(file.name))
    except OSError:  # not there yet
        return


def _identity(path: Path) -> Hashable:
    """The same for all names of one file, whether it is there already or not."""
    try:
        about = os.stat(path)
        return about.st_dev, about.st_ino
    except (OSError, ValueError):
        pass
    try:
        path = Path(os.path.realpath(path))
        folder = os.stat(path.parent)
    except (OSError, ValueError):
        return str(path)
    # Some file systems take capital letters and small ones for the same.
    return folder.st_dev, folder.st_ino, path.name.casefold()
