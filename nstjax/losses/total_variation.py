"""Roughness of the picture itself: pixels `(..., H, W, 3)` to one number `(...)`."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

PICTURE = (-3, -2, -1)


def _neighbor_differences(pixels: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.diff(pixels, axis=-3), jnp.diff(pixels, axis=-2)


def l2(pixels: jax.Array) -> jax.Array:
    """`mean dy^2 + mean dx^2`: penalizes noise, and edges by their height squared."""
    down, across = _neighbor_differences(pixels)
    return jnp.mean(jnp.square(down), PICTURE) + jnp.mean(jnp.square(across), PICTURE)


def l1(pixels: jax.Array) -> jax.Array:
    """`sum |dy| + sum |dx|`: neural-style's; keeps edges, grows with the picture's size."""
    down, across = _neighbor_differences(pixels)
    return jnp.sum(_absolute(down), PICTURE) + jnp.sum(_absolute(across), PICTURE)


def _absolute(x: jax.Array) -> jax.Array:
    """`|x|` with gradient 0 at 0: that of `jnp.abs` is 1, which would push plain areas apart."""
    return x * jax.lax.stop_gradient(jnp.sign(x))


TOTAL_VARIATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {"l2": l2, "l1": l1}
