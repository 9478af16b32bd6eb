"""Files that appear whole or not at all; what is wrong with them is told in one line."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from nstjax.errors import UserError
from weights_tools.process import atomic_files


def write_whole(path: Path, data: bytes) -> None:
    """Puts `data` in the place of whatever file is at `path`, or leaves that as it was.

    Through a symbolic link, what it leads to is replaced; permissions stay.

    Raises `UserError` where the folder or the disk refuses, and for what is no file.
    """
    with _in_one_line(path):
        atomic_files.write(path, data)


def check_place(path: Path) -> None:
    """Raises `UserError` where `write_whole` could not write: so that nobody waits for a lost file."""
    with _in_one_line(path):
        atomic_files.check(path)


def check_name(path: Path) -> None:
    """The same of the name alone, without a try: for one of many files of a folder."""
    with _in_one_line(path):
        atomic_files.destination(path)


@contextlib.contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot write {path}: {why}") from None
