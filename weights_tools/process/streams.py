"""Standard output and standard error, which may be closed, full, or gone in the middle."""

from __future__ import annotations

import errno
import io
import os
import select
import sys

TYPE_CHECKING = False  # as `typing` has it, which takes long to import

if TYPE_CHECKING:
    from typing import Any


class OutputError(OSError):
    """Standard output cannot be written."""


def prepare() -> None:
    """Make the process' streams fit for whatever they are connected to.

    No file that is opened later becomes standard output or standard error, which libraries write to.
    What standard error does not take is dropped. Standard output raises `OutputError`.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The least number that is free; those below are not.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = _connected(sys.stdout, 1, _Output)
    sys.stderr = _connected(sys.stderr, 2, _Messages)


def flush() -> None:
    """Write what standard output still holds."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop() -> None:
    """Forget what standard output still holds: the interpreter would try and complain once more."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.is_dropped = True


def _connected(stream: Any, number: int, kind: type[_Output | _Messages]) -> Any:
    """Return a text stream like `stream` over raw bytes of `kind`; one that is no file stays."""
    if stream is None:  # closed as the interpreter began
        raw = kind(number, "w", closefd=False)
        raw.was_closed = True
        return _text(raw, encoding="utf-8", line_buffering=False)
    buffer = getattr(stream, "buffer", None)
    if type(getattr(buffer, "raw", buffer)) is not io.FileIO or stream.fileno() != number:
        return stream
    stream.flush()
    raw = kind(number, "w", closefd=False)
    return _text(raw, encoding=stream.encoding, line_buffering=stream.line_buffering)


def _text(raw: io.FileIO, *, encoding: str, line_buffering: bool) -> io.TextIOWrapper:
    # A file's name may be in no alphabet, or not in that of the stream.
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=line_buffering,
    )


class _Output(io.FileIO):
    """Standard output: the product of a command that prints, which must not be lost in silence."""

    was_closed = False  # as the process began
    is_dropped = False

    def write(self, data: Any) -> int:
        if self.is_dropped:
            return len(data)
        if self.was_closed:
            raise OutputError(errno.EBADF, "standard output is closed")
        try:
            while (count := super().write(data)) is None:  # shared with someone who does not wait
                select.select([], [self.fileno()], [])
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None
        return count


class _Messages(io.FileIO):
    """Standard error: nobody may be there to read it, and that must not cost the work."""

    was_closed = False

    def write(self, data: Any) -> int:
        if not self.was_closed:
            try:
                return super().write(data) or len(data)
            except OSError:
                self.was_closed = True
        return len(data)
