"""Any weights file -> the one layout: read, assembled, checked, its preprocessing decided."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from weights_tools import files, layout, sources
from weights_tools.assembly import assemble
from weights_tools.detection import decide
from weights_tools.errors import WeightsError
from weights_tools.layout import NetworkWeights
from weights_tools.preprocessing import Preprocessing
from weights_tools.readers import detect_format, read_checkpoint
from weights_tools.sources import Source


def load(
    source: str | os.PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    license: str | None = None,
    known: Source | None = None,
) -> NetworkWeights:
    """Read and check a weights file of any format of `weights_tools.readers`, or of ours.

    A file that `SOURCES` knows by its hash, or that is in our layout, says itself what it expects
    and what its license is; `preprocessing` and `license` override that. Of an unknown file the
    license is "unknown", and `weights_tools.detection` decides what it expects. `known` says which
    published file it is where its hash does not: a download of its convolutions alone.

    Raises:
        WeightsError: no such file, damaged, of another format or another network.
    """
    path = files.require_file(source)
    if layout.is_layout(path):
        weights = layout.read(path)
        return dataclasses.replace(
            weights,
            preprocessing=preprocessing or weights.preprocessing,
            license=license or weights.license,
            decision="given" if preprocessing else weights.decision,
        )
    with read_checkpoint(path) as checkpoint:
        try:
            trunk = assemble(checkpoint)
        except WeightsError as error:
            raise _about(path, error) from None
    digests = files.digests(path)
    known = known or sources.identify(digests)
    is_itself = known is None or known.is_of(digests) or not known.sha256
    decision = decide(trunk, detect_format(path), known=known, given=preprocessing)
    whole = layout.layer_names(trunk.architecture)[-1]
    weights = NetworkWeights(
        architecture=trunk.architecture,
        preprocessing=decision.preprocessing,
        tensors=trunk.tensors,
        source=known.origin if known else path.name,
        source_sha256=digests["sha256"] if is_itself or not known else known.sha256,
        license=license or (known.license if known else "unknown"),
        last_layer="" if trunk.last_layer == whole else trunk.last_layer,
        decision=decision.reason,
    )
    try:
        layout.check(weights)
    except WeightsError as error:
        raise _about(path, error) from None
    return weights


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    preprocessing: Preprocessing | None = None,
    license: str | None = None,
    dtype: str | None = None,
    known: Source | None = None,
) -> NetworkWeights:
    """Convert a weights file of any format (see `load`) to our layout; returns what was written.

    `target` is replaced, whole or not at all; folders that are missing are made. `dtype` is how the
    values are stored, a key of `layout.DTYPES`; by default float32, or as a file of our layout has
    them.

    Raises:
        WeightsError: what `load` raises, or `target` is `source` or cannot be written.
    """
    path = files.require_file(source)
    target = refuse_same(target, path)
    weights = load(path, preprocessing=preprocessing, license=license, known=known)
    weights = dataclasses.replace(weights, dtype=dtype or weights.dtype)
    layout.write(target, weights)
    return weights


def refuse_same(target: str | os.PathLike[str], source: Path) -> Path:
    """Return the path to write to, unless that is the file it is made from.

    Raises:
        WeightsError: it is.
    """
    target = files.expanded(target)
    if os.path.exists(target) and os.path.samefile(target, source):
        raise WeightsError(f"{target} would replace the file it is made from: choose another name")
    return target


def _about(path: Path, error: WeightsError) -> WeightsError:
    """Return the error with the file's name in front; readers have put it there already."""
    text = str(error)
    return error if text.startswith(str(path)) else WeightsError(f"{path}: {text}")
