"""Files on disk: required to be there, hashed in one pass, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from weights_tools.errors import WeightsError

# The temporary files of `replaced` and of downloads, and the folders into which pip downloads.
_LEFTOVER = re.compile(r"\.[0-9a-f]{32}\.part|\.(?:wheel|download)-.*")


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


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block succeeds, else delete it.

    The temporary file is in the same folder, so that the move is atomic: a reader sees the old
    file or the new one, and of several writers the last one wins. Missing folders are made.

    Raises:
        WeightsError: `path` is a directory or a device, its folder cannot be written, the disk is
            full.
    """
    if os.path.isdir(path):
        raise WeightsError(f"{path} is a directory: give the name of the file to write")
    # A move would put a file in the place of a device, which root is allowed to.
    if os.path.exists(path) and not os.path.isfile(path):
        raise WeightsError(f"{path} is not a regular file: give another name to write to")
    # Not `tempfile`: its files are private to the user, and a cache may be shared by a group.
    # The name does not grow with that of `path`, which may already be as long as is allowed.
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written: {reason(error)}; choose another place or free some space"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Delete what processes that were killed have left in a folder, once it is a day old."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _LEFTOVER.fullmatch(path.name) and time.time() - path.stat().st_mtime > 86_400:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def reason(error: BaseException) -> str:
    """Return why a library failed, without error numbers and file names where it says so."""
    # The text of a KeyError is the repr of its message.
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return getattr(error, "strerror", None) or text or type(error).__name__
