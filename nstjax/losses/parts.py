"""Which positions of a picture a crop of it stands for.

All that the losses look at are sums over positions. Where each position counts in one crop alone, and
there as in the picture itself, the sums of the crops add up to those of the picture.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class LayerPart(NamedTuple):
    """The positions of one layer, or the pixels."""

    owned: jax.Array  # (h, w) of the crop: 1 where a position counts here, else 0
    top: jax.Array  # (), where the crop lies in the whole map
    left: jax.Array
    height: int  # of the whole map
    width: int


class Part(NamedTuple):
    """What of a crop counts. None in its place: the crop is the picture, and all of it does."""

    pixels: LayerPart
    layers: dict[str, LayerPart]


def owned_at(part: Part | None, layer: str) -> jax.Array | None:
    """Where positions of a layer count; None: everywhere."""
    return None if part is None else part.layers[layer].owned


def both(mask: jax.Array | None, other: jax.Array | None) -> jax.Array | None:
    """Where two masks of one size hold; None: everywhere."""
    if mask is None or other is None:
        return other if mask is None else mask
    return mask * other


def sum_of_pixels(values: jax.Array, part: Part | None) -> jax.Array:
    """The sum over the pixels `(..., H, W, C)` that count: `(...)`.

    Of values that fewer positions have, as differences of neighbors, those belong to the first ones.
    """
    if part is not None:
        height, width = values.shape[-3:-1]
        values = values * part.pixels.owned[:height, :width, jnp.newaxis]
    return jnp.sum(values, (-3, -2, -1))


def mean_of_pixels(values: jax.Array, pixels: jax.Array, part: Part | None) -> jax.Array:
    """`sum_of_pixels` over how many values the whole picture has; `pixels` are those of the crop."""
    height, width = pixels.shape[-3:-1] if part is None else part.pixels[3:]
    rows = height - (pixels.shape[-3] - values.shape[-3])
    columns = width - (pixels.shape[-2] - values.shape[-2])
    count = rows * columns * values.shape[-1]
    return sum_of_pixels(values, part) / float(count)  # which may be beyond an integer of 32 bits
