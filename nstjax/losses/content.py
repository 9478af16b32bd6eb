"""How far the picture's feature maps are from the content's: `(..., H, W, C)` twice to `(...)`."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

POSITIONS_AND_CHANNELS = (-3, -2, -1)


def _squared_difference(features: jax.Array, target: jax.Array) -> jax.Array:
    return jnp.square(features.astype(jnp.float32) - target.astype(jnp.float32))


def sum_content(features: jax.Array, target: jax.Array) -> jax.Array:
    """`1/2 sum (F - P)^2`: Gatys et al. 2016, equation 1."""
    return 0.5 * jnp.sum(_squared_difference(features, target), POSITIONS_AND_CHANNELS)


def mean_content(features: jax.Array, target: jax.Array) -> jax.Array:
    """`mean (F - P)^2`: what PyTorch programs use."""
    return jnp.mean(_squared_difference(features, target), POSITIONS_AND_CHANNELS)


def energy_content(features: jax.Array, target: jax.Array) -> jax.Array:
    """`mean (F - P)^2 / mean P^2`: without units, so that weights carry over sizes and networks."""
    energy = jnp.mean(jnp.square(target.astype(jnp.float32)), POSITIONS_AND_CHANNELS)
    # A black picture can have features that are zero everywhere.
    return mean_content(features, target) / jnp.maximum(energy, jnp.finfo(jnp.float32).tiny)


CONTENT_LOSSES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "energy": energy_content,
    "mean": mean_content,
    "sum": sum_content,
}
