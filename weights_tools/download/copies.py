"""Files that need no network: copies that the user has already, and a mirror of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from weights_tools import files
from weights_tools.errors import WeightsError
from weights_tools.sources import Source


def find_copy(source: Source, folder: Path) -> Path | None:
    """Return a copy of the file of `source`, verified by its hash, or None.

    It is looked for in `folder`, where a person may have put it, and where PyTorch and Keras keep
    their downloads. One with another hash is left alone and passed over.
    """
    places = (folder, *_library_folders())
    return next((p for each in places if is_copy(source, p := each / source.file_name)), None)


def refused(source: Source, folder: Path) -> list[str]:
    """Tell of the file that a person has put into `folder` why it is not taken, if one is there."""
    path = folder / source.file_name
    if not path.is_file() or is_copy(source, path):
        return []
    size = f" {source.size} bytes and" if source.size else ""
    return [
        f"{path} has {path.stat().st_size} bytes and is not that file, which has{size} {source.digest}"
    ]


def is_copy(source: Source, path: Path) -> bool:
    """Tell whether a file with the size and the hash of `source` lies at `path`."""
    try:
        if not path.is_file() or source.size not in (None, path.stat().st_size):
            return False
        return source.is_of(files.digests(path))
    except (OSError, WeightsError):
        return False


def mirror() -> Path | str | None:
    """Return what `NSTJAX_MIRROR` names: a folder, the beginning of a URL, or nothing.

    Raises:
        WeightsError: neither a folder that exists nor an http or https address.
    """
    base = os.environ.get("NSTJAX_MIRROR", "")
    if not base:
        return None
    if "://" not in base:
        folder = files.expanded(base)
    else:
        try:
            parts = urlsplit(base)
            host = parts.hostname
        except ValueError:
            raise _bad_mirror(base) from None
        if parts.scheme in ("http", "https") and host:
            return base.rstrip("/")
        if parts.scheme != "file" or host not in (None, "", "localhost"):
            raise _bad_mirror(base)
        folder = Path(url2pathname(parts.path))
    if not os.path.isdir(folder):
        raise _bad_mirror(base)
    return folder


def is_offline() -> bool:
    """Tell whether `NSTJAX_OFFLINE` forbids to ask the network."""
    return os.environ.get("NSTJAX_OFFLINE", "").lower() not in ("", "0", "false", "no", "off")


def _bad_mirror(base: str) -> WeightsError:
    return WeightsError(
        f"NSTJAX_MIRROR is {base!r}: it must be http(s)://host/path, file:///folder or a folder "
        "that exists"
    )


def _library_folders() -> Iterator[Path]:
    """Give the folders in which other libraries keep their downloads."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    torch = os.environ.get("TORCH_HOME") or os.path.join(caches, "torch")
    yield files.expanded(torch) / "hub" / "checkpoints"
    yield files.expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "models"
