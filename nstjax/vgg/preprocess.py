"""From sRGB pixels in [0, 1] to the numbers a trained network expects."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Preprocessing(NamedTuple):
    """What a network was trained on: `(scale * pixels[..., order] - mean) / std`.

    `mean` and `std` are in the network's own channel order and in the units of `scale`.
    """

    channel_order: str  # "rgb" or "bgr"
    scale: float  # 255 for Caffe and Keras, 1 for torchvision
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def preprocess(pixels: jax.Array, expected: Preprocessing) -> jax.Array:
    """Normalized network input `(..., H, W, 3)` from pixels `(..., H, W, 3)` in [0, 1]."""
    if expected.channel_order == "bgr":
        pixels = pixels[..., ::-1]
    return (expected.scale * pixels - jnp.array(expected.mean)) / jnp.array(expected.std)
