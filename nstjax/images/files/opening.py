"""Files opened to be read, whatever they are: what goes wrong is told in one line."""

import contextlib
import contextvars
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from nstjax.errors import UserError

MOST_PIPED = 1 << 30  # bytes that are taken from a pipe
MOST_AT_ONCE = 1 << 16  # bytes that are asked for without a look at what is there
ADVICE = "give a picture file such as PNG or JPEG"
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}

# What came through pipes, by their numbers in the system: it comes only once.
_piped: contextvars.ContextVar[dict[tuple[int, int], bytes] | None] = contextvars.ContextVar(
    "piped", default=None
)


class _WholeFile(io.BufferedReader):
    """A file that makes no room for more bytes than it has, whatever it says of itself."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to so many bytes."""
        if size is not None and size > MOST_AT_ONCE:
            size = min(size, max(os.fstat(self.fileno()).st_size - self.tell(), 0))
        return super().read(size)


@contextlib.contextmanager
def keeping_pipes() -> Iterator[None]:
    """Within this, what comes through a pipe may be read again, as a file may."""
    token = _piped.set({})
    try:
        yield
    finally:
        _piped.reset(token)


@contextlib.contextmanager
def opened_file(path: str | Path) -> Iterator[io.BufferedReader | io.BytesIO]:
    """A file, or what comes through a pipe, at its beginning.

    Raises `UserError` where it does not exist, is neither, or cannot be read.
    """
    path = _path(path)
    try:
        status = os.stat(path)
    except PermissionError as error:
        raise _unreadable(path, error) from None
    except OSError:
        raise UserError(f"{path} does not exist: {ADVICE}") from None
    except ValueError:  # it holds a NUL
        raise UserError(f"{str(path)!r} is a name that no file can have: {ADVICE}") from None
    kind = stat.S_IFMT(status.st_mode)
    if kind in KINDS:
        raise UserError(f"{path} is {KINDS[kind]}, not a picture: {ADVICE}")
    try:
        if kind == stat.S_IFIFO:
            file = io.BytesIO(_through_pipe(path, (status.st_dev, status.st_ino)))
        else:
            file = _WholeFile(open(path, "rb", buffering=0))  # noqa: SIM115 - closed below
    except OSError as error:
        raise _unreadable(path, error) from None
    with file:
        yield file


def _path(path: object) -> Path:
    if not isinstance(path, str | bytes | os.PathLike):
        raise UserError(
            f"a picture's file is given as {type(path).__name__}: give its path; arrays need no reading"
        )
    if isinstance(path, str) and "://" in path:
        raise UserError(f"{path} is an address and no file: download the picture first")
    return Path(os.fsdecode(path))


def _through_pipe(path: Path, number: tuple[int, int]) -> bytes:
    kept = _piped.get()
    if kept is not None and number in kept:
        return kept[number]
    with open(path, "rb") as pipe:
        content = pipe.read(MOST_PIPED + 1)
    if len(content) > MOST_PIPED:
        raise UserError(f"{path} sends more than {MOST_PIPED >> 30} GiB: give a file")
    if kept is not None:
        kept[number] = content
    return content


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be read: {error.strerror or error}")
