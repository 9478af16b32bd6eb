"""Plain text for people: what a weights file holds, and which networks there are."""

from __future__ import annotations

import os
from collections.abc import Sequence

from weights_tools.cache import cached
from weights_tools.conversion import load
from weights_tools.layout import shapes
from weights_tools.sources import SOURCES


def inspect(path: str | os.PathLike[str]) -> str:
    """Return a table of a weights file of any format that `load` reads.

    First what the network is and expects and where it came from, then each tensor's name, shape,
    mean and standard deviation.

    Raises:
        WeightsError: what `load` raises.
    """
    weights = load(path)
    preprocessing = weights.preprocessing
    header = {
        "architecture": weights.architecture,
        "channel_order": preprocessing.channel_order,
        "scale": f"{preprocessing.scale:g}",
        "mean": " ".join(map(str, preprocessing.mean)),
        "std": " ".join(map(str, preprocessing.std)),
        "source": weights.source,
        "source_sha256": weights.source_sha256,
        "license": weights.license,
    }
    rows = [("layer", "shape", "mean", "std")]
    for name, shape in shapes(weights.architecture).items():
        values = weights.tensors[name]
        # float64: the mean of two million small numbers in float32 loses half its digits.
        rows.append(
            (
                name,
                " x ".join(map(str, shape)),
                f"{values.mean(dtype='float64'):+.3e}",
                f"{values.std(dtype='float64'):.3e}",
            )
        )
    return _columns(list(header.items())) + "\n\n" + _columns(rows)


def list_sources() -> str:
    """Return a table of the networks that can be fetched by name, and where each is cached."""
    rows = [("name", "network", "download", "license", "cached")]
    for source in SOURCES.values():
        place = cached(source.name)
        rows.append(
            (
                source.name,
                source.architecture,
                f"{source.size / 1e6:.0f} MB",
                source.license,
                str(place) if place else "no",
            )
        )
    return _columns(rows)


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
