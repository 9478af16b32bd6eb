"""The partial file of a download: who may write it, and which file it is the beginning of."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from weights_tools.process import atomic_files


@dataclass(frozen=True)
class Beginning:
    """What a partial file is the beginning of, as its server tells it."""

    url: str
    validator: str  # a strong ETag or a date, for If-Range
    total: int | None  # bytes of the whole file


@contextlib.contextmanager
def claimed(folder: Path, file_name: str) -> Iterator[Path]:
    """Give the path of a partial file that nobody else writes.

    That is `<file_name>.part`, which is kept for the next try. While another process or thread has
    that one, it is a file with a name of its own, which is deleted after: no waiting for a process
    that may itself be waiting.
    """
    with _locked(folder / f"{file_name}.lock") as alone:
        if alone:
            yield folder / f"{file_name}.part"
            return
        part = folder / f".{uuid.uuid4().hex}.part"
        with atomic_files.unfinished(part), atomic_files.unfinished(_notes(part)):
            yield part


def beginning(part: Path, url: str) -> Beginning | None:
    """Return what `part` is the beginning of, or None unless that is known to come from `url`."""
    try:
        known = Beginning(**json.loads(_notes(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    whole = known.total is None or (type(known.total) is int and known.total > 0)
    # The validator goes into a header: one line of plain text.
    plain = isinstance(known.validator, str) and known.validator.isprintable()
    return known if known.url == url and plain and known.validator and whole else None


def remember(part: Path, known: Beginning) -> None:
    """Write down what `part` is the beginning of."""
    _notes(part).write_text(json.dumps(asdict(known)), encoding="utf-8")


def length(part: Path) -> int:
    """Return how many bytes there are, 0 if there is no file."""
    try:
        return part.stat().st_size
    except OSError:
        return 0


def discard(part: Path) -> None:
    """Delete a partial file, so that the next try starts over."""
    for path in (part, _notes(part)):
        with contextlib.suppress(OSError):
            path.unlink()


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Tell whether we alone have the lock file `path`; the system frees it when a process dies."""
    with path.open("a+b") as file:
        alone = _lock(file) and _is_at(file, path)
        try:
            yield alone
        finally:
            if alone:
                with contextlib.suppress(OSError):
                    path.unlink()


def _lock(file: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # pyright: ignore
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody has it, or the file system knows no locks
        return False
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Tell whether the file is still there: who had the lock before deleted it at the end."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
