"""Files on disk: required to be there, hashed in one pass, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from weights_tools.errors import WeightsError
from weights_tools.process import atomic_files

# The temporary files of downloads, and the folders into which pip downloads.
_LEFTOVER = re.compile(r"\.[0-9a-f]{32}\.part(?:\.json)?|\.(?:wheel|download)-.*")


def require_file(path: str | os.PathLike[str]) -> Path:
    """Return `path` (with `~` expanded) if a file that can be read and is not empty lies there.

    Raises:
        WeightsError: nothing there, a directory, an empty file, no permission.
    """
    path = expanded(path)
    try:
        if path.is_dir():
            raise WeightsError(f"{path} is a directory: give the weights file inside it")
        # Opening a named pipe would wait for its writer, and no format here can be read from one.
        if path.exists() and not path.is_file():
            raise WeightsError(f"{path} is not a regular file: copy its content into one")
        with path.open("rb") as file:
            if not file.read(1):
                raise WeightsError(f"{path} is empty: download or copy it again")
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist: check the path") from None
    except (OSError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} cannot be read: {reason(error)}") from None
    return path


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return `path` with a leading `~` replaced, or unchanged if there is no such home."""
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def digests(path: Path) -> dict[str, str]:
    """Return `{"md5": ..., "sha256": ...}` of a file, in hexadecimal, from one pass over it.

    Raises:
        WeightsError: the file cannot be read.
    """
    # md5 is here because it is what Keras publishes; it identifies a file, it secures nothing.
    hashes = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                for each in hashes.values():
                    each.update(block)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {reason(error)}") from None
    return {name: each.hexdigest() for name, each in hashes.items()}


def write(path: Path, data: bytes) -> None:
    """Put `data` in the place of whatever file is at `path`, or leave that as it was.

    A reader sees the old file or the new one, and of several writers the last one wins. Missing
    folders are made. What a symbolic link leads to is replaced.

    Raises:
        WeightsError: `path` is a directory or a device, its folder cannot be written, the disk is
            full.
    """
    with _told(path):
        target = atomic_files.destination(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.write(target, data)


def check_writable(path: Path) -> None:
    """Find out whether `write` could write there, so that nobody waits for a lost file.

    Raises:
        WeightsError: what `write` raises.
    """
    with _told(path):
        target = atomic_files.destination(path)
        folder = target.parent
        while not folder.exists() and folder != folder.parent:  # it is made when it is needed
            folder = folder.parent
        atomic_files.check(folder / target.name)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    if os.path.isdir(path):
        raise WeightsError(f"{path} is a directory: give the name of the file to write")
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise WeightsError(
            f"{path} cannot be written: {reason(error)}; choose another place or free some space"
        ) from None


def sweep(folder: Path) -> None:
    """Delete what processes that were killed have left in a folder of the cache, once a day old."""
    now = time.time()
    atomic_files.sweep(folder, now=now)
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _LEFTOVER.fullmatch(path.name) and now - path.stat().st_mtime > 86_400:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def reason(error: BaseException) -> str:
    """Return why a library failed, without error numbers and file names where it says so."""
    # The text of a KeyError is the repr of its message.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return getattr(error, "strerror", None) or text or type(error).__name__
