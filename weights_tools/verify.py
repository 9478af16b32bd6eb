"""Rerunning the reference activations of networks that are known."""

from __future__ import annotations

import importlib.resources
import json
import os

import numpy as np

from weights_tools import conversion, sources
from weights_tools.errors import WeightsError
from weights_tools.forward import activations, sample_picture
from weights_tools.layout import NetworkWeights

# Made by torch from the original files; see tests/reference/activations.py.
REFERENCES = str(importlib.resources.files("weights_tools").joinpath("reference_activations.json"))
SIZE = 64  # of the sample picture, in pixels
_SAMPLES = 12  # a layer
# Relative to a layer's root mean square. Half-precision weights round to 11 and 8 bits.
TOLERANCES = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 8e-2}


def verify(path: str | os.PathLike[str]) -> dict[str, float]:
    """Compare what a network computes with what is stored of the known network that it is.

    Returns the difference at every ReLU, by name: the largest of the mean's, the root mean square's
    and some single values', relative to the root mean square.

    Raises:
        WeightsError: what `load` raises; no reference is known of this network; or a layer differs
            by more than `TOLERANCES` allows.
    """
    weights = conversion.load(path)
    expected = _reference(path, weights)
    found: dict[str, float] = {}
    for name, features in activations(weights, sample_picture(SIZE)):
        differences = np.abs(np.subtract(samples(features), expected[name]))
        found[name] = float(differences.max() / expected[name][1])
        if not found[name] <= TOLERANCES[weights.dtype]:
            raise WeightsError(
                f"{path}: {name} differs from its reference by {found[name]:.2g} of its "
                f"root mean square, allowed {TOLERANCES[weights.dtype]:g} in {weights.dtype} "
                f"(expected input: {weights.decision or 'not recorded why'}): it was changed, "
                "damaged or once stored in less precision; fetch or convert it again"
            )
    return found


def _reference(path: str | os.PathLike[str], weights: NetworkWeights) -> dict[str, list[float]]:
    """Return the stored activations of a network, by where it came from."""
    with open(REFERENCES) as file:
        references = json.load(file)
    names = {name for entry in references.values() for name in entry["sources"]}
    for entry in references.values():
        for name in entry["sources"]:
            if name in sources.SOURCES and sources.SOURCES[name].origin == weights.source:
                return entry["activations"]
    raise WeightsError(
        f"{path} comes from {weights.source}, of which no reference activations are known (they are "
        f"of {', '.join(sorted(names))}): compare its source_sha256 with what the publisher says"
    )


def samples(features: np.ndarray) -> list[float]:
    """Return the mean, the root mean square and some single values of a layer `(H, W, C)`."""
    values = features.astype(np.float64).ravel()
    places = np.linspace(0, values.size - 1, _SAMPLES).astype(int)
    single = [float(f"{each:.7g}") for each in values[places]]
    return [float(f"{values.mean():.7g}"), float(f"{np.sqrt((values**2).mean()):.7g}"), *single]
