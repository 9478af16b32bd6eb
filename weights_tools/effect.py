"""What storing weights in half precision does to the features."""

from __future__ import annotations

import dataclasses

import numpy as np

from weights_tools.forward import activations, sample_picture
from weights_tools.layout import NetworkWeights, stored


def storage_error(
    weights: NetworkWeights, dtype: str, pixels: np.ndarray | None = None
) -> dict[str, float]:
    """Return how far each ReLU moves, `||F' - F|| / ||F||`, if the weights are stored in `dtype`.

    Args:
        weights: the network.
        dtype: a key of `layout.DTYPES`.
        pixels: sRGB in [0, 1], `(H, W, 3)`; by default the sample picture.

    Raises:
        WeightsError: an unknown type, or weights too large for it.
    """
    pixels = sample_picture() if pixels is None else pixels
    narrow = {
        name: stored(tensor, dtype).astype(np.float32) for name, tensor in weights.tensors.items()
    }
    rounded = dataclasses.replace(weights, tensors=narrow)
    errors: dict[str, float] = {}
    for (name, exact), (_, found) in zip(
        activations(weights, pixels), activations(rounded, pixels), strict=True
    ):
        norm = float(np.linalg.norm(exact))
        errors[name] = float(np.linalg.norm(found - exact)) / norm if norm else 0.0
    return errors
