"""What has been begun and must not be left behind: temporary files, and processes of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

_undoing: list[Callable[[], object]] = []


@contextlib.contextmanager
def undone_by(undo: Callable[[], object]) -> Iterator[None]:
    """Call `undo` if the process is given up within the block; whatever else happens, the block does.

    It may be called in another thread, or between any two lines of the block.
    """
    _undoing.append(undo)
    try:
        yield
    finally:
        _undoing.remove(undo)


def undo_all() -> None:
    """Undo what has been begun, the last first; what cannot be undone stays."""
    for undo in reversed(tuple(_undoing)):
        with contextlib.suppress(Exception):
            undo()
