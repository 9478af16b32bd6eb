"""The folder of converted weights: a network's name or any weights file -> a file of our layout."""

from __future__ import annotations

import os
from pathlib import Path

from weights_tools import files, layout, sources
from weights_tools.conversion import convert
from weights_tools.download import obtained
from weights_tools.errors import WeightsError
from weights_tools.preprocessing import named
from weights_tools.readers import require_library


def cache_folder() -> Path:
    """Return the folder that holds the cache: `NSTJAX_CACHE`, or the user's cache folder.

    Raises:
        WeightsError: neither says where, for the user has no home or the working folder is gone.
    """
    if not (chosen := os.environ.get("NSTJAX_CACHE")):
        return _usual_folder()
    try:
        return files.expanded(chosen).absolute()
    except OSError as error:
        raise WeightsError(
            f"NSTJAX_CACHE is {chosen!r}, and the working folder is gone: {files.reason(error)}; give "
            "it from the root"
        ) from None


def _usual_folder() -> Path:
    from platformdirs import user_cache_path

    try:
        folder = user_cache_path("nstjax", appauthor=False)
    except RuntimeError:
        folder = Path("~")
    if not folder.is_absolute():  # older versions of platformdirs do not know better either
        raise WeightsError(
            "this user has no home folder, where the cache would be: set NSTJAX_CACHE to a folder for it"
        )
    return folder


def cached(name: str) -> Path | None:
    """Return the converted weights of a network by name, or None if they are not in the cache.

    Raises:
        WeightsError: an unknown name; lists those there are.
    """
    path = _place(sources.find(name).name)
    return path if _is_whole(path) else None


def fetch(name: str, *, progress: bool = True) -> Path:
    """Return the converted weights of a network by name; download and convert them once.

    A download is verified by its hash and deleted after the conversion; one that broke is continued
    the next time. No network is needed for a copy that PyTorch, Keras or a person has put where
    `weights_tools.download.copies` looks. Several processes may fetch at the same time. With
    `progress`, a terminal's stderr shows a progress bar.

    Raises:
        WeightsError: an unknown name, or what failed and how to get the file by hand.
    """
    source = sources.find(name)
    if (path := cached(name)) is not None:
        return path
    path = _place(name)
    downloads = cache_folder() / "downloads"
    by_hand = (
        f"to do it by hand, {source.by_hand}, save it as {downloads / source.file_name} "
        "and try again"
    )
    try:
        require_library(source.file_name)
        # In the cache itself: a system's folder for temporary files may be small, or be memory.
        downloads.mkdir(parents=True, exist_ok=True)
        for folder in (downloads, path.parent):
            files.sweep(folder)
        with obtained(source, downloads, progress=progress) as found:
            convert(found.path, path, known=source)
    except WeightsError as error:
        raise WeightsError(f"{name} was not fetched: {error}; {by_hand}") from None
    except OSError as error:
        raise WeightsError(
            f"{name} was not fetched: the cache {downloads.parent} cannot be written: "
            f"{files.reason(error)}; set NSTJAX_CACHE to a folder that can"
        ) from None
    return path


def resolve(
    name_or_file: str | os.PathLike[str], *, preprocessing: str = "", progress: bool = True
) -> Path:
    """Return the path of weights in our layout for a network's name or any weights file.

    A name of `SOURCES` is fetched (a file of the same name in the working folder is not meant:
    write `./vgg19`). A file of our layout is returned as it is; any other is converted once into
    the cache, under its content's hash. With `preprocessing`, a key of `PREPROCESSINGS`, a copy in
    the cache expects that, whatever the file says.

    Raises:
        WeightsError: neither a name nor a file, or what `fetch` and `convert` raise.
    """
    given = named(preprocessing) if preprocessing else None
    path = original(name_or_file, progress=progress)
    if layout.is_layout(path) and given is None:
        layout.read_header(path)
        return path
    suffix = f"-{preprocessing}" if preprocessing else ""
    target = _place(f"file-{files.digests(path)['sha256'][:16]}{suffix}")
    if not _is_whole(target):
        files.sweep(target.parent)
        try:
            convert(path, target, preprocessing=given)
        except WeightsError as error:
            if str(error).startswith(str(target)):
                raise WeightsError(f"{error}; NSTJAX_CACHE says where the cache is") from None
            raise
    return target


def original(name_or_file: str | os.PathLike[str], *, progress: bool = True) -> Path:
    """Return the file itself, whatever its format, or the fetched weights of a network's name.

    Raises:
        WeightsError: neither a name nor a file, or what `fetch` raises.
    """
    if str(name_or_file) in sources.SOURCES:
        return fetch(str(name_or_file), progress=progress)
    path = files.expanded(name_or_file)
    if not os.path.lexists(path):
        sources.find(str(name_or_file))
    return files.require_file(path)


def weights_folder() -> Path:
    """Return the folder of the converted weights."""
    return cache_folder() / "weights"


def _place(stem: str) -> Path:
    return weights_folder() / f"{stem}.safetensors"


def _is_whole(path: Path) -> bool:
    """Tell whether a usable file lies there; one that a full disk or a crash cut is made again."""
    try:
        layout.read_header(path)
    except WeightsError:
        return False
    return True
