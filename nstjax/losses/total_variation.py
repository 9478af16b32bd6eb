"""Roughness of the picture itself: pixels `(..., H, W, 3)` to one number `(...)`.

Of a part of a picture what that part adds to the whole's.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nstjax.losses.parts import Part, mean_of_pixels, sum_of_pixels


def _neighbor_differences(pixels: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.diff(pixels, axis=-3), jnp.diff(pixels, axis=-2)


def l2(pixels: jax.Array, part: Part | None = None) -> jax.Array:
    """`mean dy^2 + mean dx^2`: penalizes noise, and edges by their height squared."""
    down, across = _neighbor_differences(pixels)
    squares = jnp.square(down), jnp.square(across)
    return mean_of_pixels(squares[0], pixels, part) + mean_of_pixels(squares[1], pixels, part)


def l1(pixels: jax.Array, part: Part | None = None) -> jax.Array:
    """`sum |dy| + sum |dx|`: neural-style's; keeps edges, grows with the picture's size."""
    down, across = _neighbor_differences(pixels)
    return sum_of_pixels(_absolute(down), part) + sum_of_pixels(_absolute(across), part)


def _absolute(x: jax.Array) -> jax.Array:
    """`|x|` with gradient 0 at 0: that of `jnp.abs` is 1, which would push plain areas apart."""
    return x * jax.lax.stop_gradient(jnp.sign(x))


def power(pixels: jax.Array, part: Part | None = None) -> jax.Array:
    """`sum (dy^2 + dx^2)^1.25` over all pixels but the last row and column: Keras'.

    Keras takes it of pixels up to 255, which is 255^2.5 times as much.
    """
    down, across = _neighbor_differences(pixels)
    square = jnp.square(down[..., :-1, :]) + jnp.square(across[..., :-1, :, :])
    # x^1.25 = x sqrt(sqrt(x)), whose automatic derivative at 0 would be 0 times infinity.
    plain = square == 0
    root = jnp.sqrt(jnp.sqrt(jnp.where(plain, 1, square)))
    return sum_of_pixels(jnp.where(plain, 0, square * root), part)


def nine_point(pixels: jax.Array, part: Part | None = None) -> jax.Array:
    """`2 mean ((dx^2 + dy^2) / 3 + (d1^2 + d2^2) / 12)`: style-transfer-pytorch's.

    d1 and d2 are the differences along both diagonals; beyond the border the picture repeats its last
    row and column. The weights are those of the nine-point stencil of the Laplace operator.
    """
    padding = [(0, 0)] * (pixels.ndim - 3) + [(0, 1), (0, 1), (0, 0)]
    padded = jnp.pad(pixels, padding, mode="edge")
    here, below = padded[..., :-1, :-1, :], padded[..., 1:, :-1, :]
    beside, diagonal = padded[..., :-1, 1:, :], padded[..., 1:, 1:, :]
    straight = jnp.square(beside - here) + jnp.square(below - here)
    diagonals = jnp.square(diagonal - here) + jnp.square(beside - below)
    return 2 * mean_of_pixels(straight / 3 + diagonals / 12, pixels, part)


TOTAL_VARIATIONS: dict[str, Callable[..., jax.Array]] = {  # of pixels, and of a part of them
    "l2": l2,
    "l1": l1,
    "power": power,
    "nine_point": nine_point,
}
