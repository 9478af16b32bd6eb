"""Plain text for people: what a weights file holds and is good for, and which networks there are."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from weights_tools import detection
from weights_tools.cache import cache_folder, cached
from weights_tools.conversion import load
from weights_tools.layout import NetworkWeights, layer_names, shapes
from weights_tools.sources import SOURCES


def inspect(path: str | os.PathLike[str]) -> str:
    """Return a table of a weights file of any format that `load` reads.

    First what the network is and expects, where it came from and what it can be used for, then each
    tensor's name, shape, mean and standard deviation.

    Raises:
        WeightsError: what `load` raises.
    """
    weights = load(path)
    header = {
        "architecture": weights.architecture,
        "last layer": weights.last_layer or layer_names(weights.architecture)[-1],
        "expects": str(weights.preprocessing),
        "decided by": weights.decision or "not recorded",
        "first layer": _first_layer(weights),
        "stored as": weights.dtype,
        "source": weights.source,
        "source_sha256": weights.source_sha256,
        "license": weights.license,
        "use": _use(weights),
    }
    rows = [("layer", "shape", "mean", "std")]
    for name, shape in shapes(weights.architecture, weights.last_layer).items():
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
                f"{source.megabytes} MB" if source.megabytes else "?",
                source.license,
                str(place) if place else "no",
            )
        )
    return f"{_columns(rows)}\n\nThe cache is {cache_folder()}"


def summary(weights: NetworkWeights) -> str:
    """Return what a network is and expects, in one line."""
    cut = f" up to {weights.last_layer}" if weights.last_layer else ""
    return (
        f"{weights.architecture}{cut} for {weights.preprocessing} "
        f"({weights.decision or 'it was not recorded why'})"
    )


def differences(found: Mapping[str, float]) -> str:
    """Return a table of how much each layer differs from what it should be."""
    return _columns([("layer", "difference"), *((name, f"{e:.1e}") for name, e in found.items())])


def _first_layer(weights: NetworkWeights) -> str:
    """Return which known network the first layer is of, and whether that fits the preprocessing."""
    found = detection.recognize(weights.tensors)
    if found is None:
        return "of no network that is known here"
    fits = detection.alike(found.preprocessing, weights.preprocessing)
    return found.reason.removeprefix("its first layer is that ") + (
        "" if fits else f", {found.preprocessing}: NOT what the file says above"
    )


def _use(weights: NetworkWeights) -> str:
    """Return what the network is good for here."""
    whole = layer_names(weights.architecture)
    last = weights.last_layer or whole[-1]
    if whole.index(last) < whole.index("conv4_1"):
        return f"layers up to relu{last[4:]} only: too few for the presets, name your own layers"
    if last < "conv5_1":
        return f"layers up to relu{last[4:]}: choose content and style layers among them"
    return "every preset, if its weights are trained ones"


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
