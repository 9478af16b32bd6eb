"""From the host's memory to that of the devices, and back."""

from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Sharding

from nstjax.tiles.layout import BY_ROWS, Layout


def place(values: Any, sharding: Sharding | None) -> jax.Array:
    """An array, which every host has whole, where it is to be."""
    if sharding is None:
        return jax.numpy.asarray(values)
    if isinstance(values, jax.Array) and values.sharding == sharding:
        return values
    values = np.asarray(values)
    return jax.make_array_from_callback(values.shape, sharding, lambda part: values[part])


def place_picture(pixels: np.ndarray, layout: Layout) -> jax.Array:
    """Pixels `(H, W, C)` in equal parts of rows, the last one filled up with zeros."""
    beyond = layout.rows_stored - len(pixels)
    filled = np.pad(pixels, ((0, beyond), (0, 0), (0, 0)))
    return place(filled, layout.sharding(BY_ROWS))


def fetch_picture(pixels: jax.Array, layout: Layout | None) -> np.ndarray:
    """A copy of the pixels `(H, W, C)`. Of several hosts each must ask for it.

    On one device they are as they lie there: of a batch `(B, H, W, C)`.
    """
    if layout is None or layout.mesh is None:
        return np.array(pixels)
    if pixels.is_fully_addressable:
        return np.array(pixels[: layout.height])
    return multihost_utils.process_allgather(pixels, tiled=True)[: layout.height]
