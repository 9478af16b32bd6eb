"""Files that appear whole or not at all.

All that is wrong is an `OSError` whose `strerror` says in a few words what.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from weights_tools.process.unfinished import undone_by

# On Linux a file has no name until it is whole: whoever is killed before leaves nothing. Until it is
# where it belongs, its writer keeps it locked: one with this ending and without a lock has lost its own.
_WHOLE = "-whole"
_OURS = re.compile(rf"\.nstjax-[0-9a-f]{{32}}({_WHOLE})?")
_DAY = 86_400  # seconds
_BLOCK = 1 << 20  # bytes
# A block of most disks: a full one has no room for it. Zeros might take none.
_PROBE = bytes(range(256)) * 16
# File systems over a network, or of a program, may know no syncing.
_CANNOT_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_NAMELESS = getattr(os, "O_TMPFILE", 0)  # Linux's
_OPEN_FILES = "/proc/self/fd"
_AT_FDCWD, _AT_SYMLINK_FOLLOW = -100, 0x400  # as Linux has them
_KINDS = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Put `data` in the place of whatever file is at `path`, or leave that as it was.

    The data are on the disk, and were read back from it, before the old file is given up: of a full
    disk some systems tell only then. A symbolic link stays, and what it leads to is replaced. The
    permissions are those of the old file, or the usual ones.

    Raises:
        OSError: what `check` raises, or the disk is full or fails.
    """
    target = destination(path)
    with _written(target, data, _mode(target)) as temporary:
        os.replace(temporary, target)
    # Else the name could be lost with the power. Not every system has that for folders.
    with contextlib.suppress(OSError):
        _sync_folder(target.parent)


def check(path: str | os.PathLike[str]) -> None:
    """Find out whether `write` could write there, by writing a little beside it.

    What killed writers have left in the folder is deleted on that occasion: what they had not named yet,
    there is no trace of; what they were about to move, is seen at once; else it has to be a day old.

    Raises:
        OSError: `path` is a folder, a pipe, a device or write-protected, a link that leads
            nowhere, or its folder is missing, full or cannot be written.
    """
    target = destination(path)
    with _written(target, _PROBE, None) as temporary:
        # By the clock of the file system, which may be another machine's.
        sweep(target.parent, now=os.stat(temporary).st_mtime)


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the file that a write to `path` is about: itself, or what its symbolic links lead to.

    Raises:
        OSError: it is there and no regular file, or is write-protected, or links go in a circle.
    """
    path = Path(path)
    try:
        about = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Path(os.path.realpath(path)) if os.path.islink(path) else path
    if stat.S_ISDIR(about.st_mode):
        raise OSError(errno.EISDIR, "it is a folder: give the name of a file")
    if not stat.S_ISREG(about.st_mode):
        kind = next((kind for is_it, kind in _KINDS if is_it(about.st_mode)), "a device")
        raise OSError(errno.EINVAL, f"it is not a regular file but {kind}: give another name")
    if not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, "it is write-protected: give another name")
    if not os.path.islink(path):
        return path
    target = Path(os.path.realpath(path))
    if not (target.exists() and os.path.samestat(target.stat(), about)):  # as in /dev/fd
        raise OSError(errno.EINVAL, "it leads to a file without a name: give the name of a file")
    return target


@contextlib.contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """Give `path` back; at the end, or where the process is given up, it is deleted if it is there."""

    def delete() -> None:
        with contextlib.suppress(OSError):
            os.unlink(path)

    with undone_by(delete):
        try:
            yield path
        finally:
            delete()


def sweep(folder: Path, *, now: float) -> None:
    """Delete what writers that were killed have left in a folder.

    That is what is whole and locked by none, and else what is a day (86,400 s) older than `now`.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    is_old = now - entry.stat(follow_symlinks=False).st_mtime > _DAY
                    if is_old or (entry.name.endswith(_WHOLE) and _is_free(entry.path)):
                        os.unlink(entry.path)


def beside(target: Path) -> Path:
    """Return a name that no one else has, in the same folder: only there is the last move atomic.

    It does not grow with that of the target, which may already be as long as is allowed.
    """
    return target.with_name(f".nstjax-{os.urandom(16).hex()}")


def _mode(target: Path) -> int | None:
    try:
        return stat.S_IMODE(os.stat(target).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextlib.contextmanager
def _written(target: Path, data: bytes, mode: int | None) -> Iterator[Path]:
    """Give the path of a whole file beside the target, which is deleted if it is there at the end."""
    temporary = beside(target)
    whole = temporary.with_name(temporary.name + _WHOLE)
    with unfinished(temporary), unfinished(whole):
        if _NAMELESS and os.path.isdir(_OPEN_FILES):
            with _new_file(temporary, _nameless) as file:
                _fill(file, data, mode)
                if not _has_no_name(file):
                    yield temporary
                    return
                if _is_named(file, whole):
                    yield whole
                    return
        with _new_file(temporary) as file:
            _fill(file, data, mode)
        yield temporary


def _new_file(path: Path, opener: Callable[[str, int], int] | None = None) -> Any:
    """Open a new file, of that name unless the opener knows better."""
    try:
        return open(path, "xb", buffering=0, opener=opener)
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror} in {_absolute(path.parent)}; choose another folder"
        ) from None


def _nameless(path: str, flags: int) -> int:
    with contextlib.suppress(OSError):  # not every file system has such files
        return os.open(os.path.dirname(path) or ".", _NAMELESS | os.O_RDWR | os.O_CLOEXEC, 0o666)
    return os.open(path, flags, 0o666)


def _has_no_name(file: Any) -> bool:
    return os.fstat(file.fileno()).st_nlink == 0


def _is_named(file: Any, path: Path) -> bool:
    """Give a file without a name that one, locked until it is closed; tell whether the system does."""
    import ctypes
    import fcntl  # Windows has none

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    except OSError:
        return False
    # Python's own lets another thread run before it returns: time enough to be killed between this and
    # the move, with the file left behind.
    linkat = ctypes.PyDLL(None).linkat
    source = f"{_OPEN_FILES}/{file.fileno()}".encode()
    return not linkat(_AT_FDCWD, source, _AT_FDCWD, os.fsencode(path), _AT_SYMLINK_FOLLOW)


def _is_free(path: str) -> bool:
    """Tell whether no writer has a file locked."""
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    with open(path, "rb") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)  # an `OSError` if one has
        return True


def _fill(file: Any, data: bytes, mode: int | None) -> None:
    """Write a new file, and find out whether all of it is there."""
    if mode is not None:
        with contextlib.suppress(OSError):  # not every file system has permissions
            os.chmod(file.fileno() if os.chmod in os.supports_fd else file.name, mode)
    rest = memoryview(data)
    while rest:
        count = file.write(rest)
        if not count:
            raise OSError(errno.EIO, "only a part could be written")
        rest = rest[count:]
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    with open(f"{_OPEN_FILES}/{file.fileno()}" if _has_no_name(file) else file.name, "rb") as again:
        # To the end and a little further: there must not be more either.
        for start in range(0, len(data) + 1, _BLOCK):
            if again.read(_BLOCK) != memoryview(data)[start : start + _BLOCK]:
                raise OSError(errno.EIO, "the disk gives back other data than were written")


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _absolute(folder: Path) -> Path:
    try:
        return folder.absolute()
    except OSError:  # the working folder is gone
        return folder
