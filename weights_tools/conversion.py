"""Any weights file -> the one layout: read, assembled, checked, its preprocessing decided."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from weights_tools import files, layout, sources
from weights_tools.assembly import assemble
from weights_tools.detection import decide, stated
from weights_tools.errors import WeightsError, printable
from weights_tools.layout import NetworkWeights
from weights_tools.preprocessing import Preprocessing
from weights_tools.readers import read_checkpoint
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
            decision=stated(weights.tensors, preprocessing, "given").reason
            if preprocessing
            else weights.decision,
        )
    with read_checkpoint(path) as checkpoint:
        try:
            trunk = assemble(checkpoint)
        except WeightsError as error:
            raise error.about(path) from None
    digests = files.digests(path)
    # Of a part of a published file, the hash that is recorded is the whole's.
    whole_sha256 = known.sha256 if known and not known.is_of(digests) else ""
    known = known or sources.identify(digests)
    decision = decide(
        trunk,
        known=known,
        given=preprocessing,
        usual=checkpoint.usual,
        file_format=checkpoint.file_format,
    )
    last_layer = layout.layer_names(trunk.architecture)[-1]
    weights = NetworkWeights(
        architecture=trunk.architecture,
        preprocessing=decision.preprocessing,
        tensors=trunk.tensors,
        source=known.origin if known else printable(path.name),
        source_sha256=whole_sha256 or digests["sha256"],
        license=license or (known.license if known else "unknown"),
        last_layer="" if trunk.last_layer == last_layer else trunk.last_layer,
        decision=decision.reason,
        dtype=trunk.dtype,
    )
    try:
        layout.check(weights)
    except WeightsError as error:
        raise error.about(path) from None
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
    values are stored, a key of `layout.DTYPES`; by default as in the file, float64 as float32.

    Raises:
        WeightsError: what `load` raises, or `target` is `source` or cannot be written.
    """
    path = files.require_file(source)
    target = refuse_same(target, path)
    files.check_writable(target)
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
