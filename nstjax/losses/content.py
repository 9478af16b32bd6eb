"""How far the picture's features are from the content's: two feature maps to one number `(...)`.

F are the picture's features and P the content's, `(..., H, W, N)` or a `FeatureMap`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nstjax.feature_map import POSITIONS, FeatureMap, as_feature_map

Features = FeatureMap | jax.Array
EVERYTHING = (*POSITIONS, -1)


def _energy(features: jax.Array) -> jax.Array:
    return jnp.sum(jnp.square(features.astype(jnp.float32)), EVERYTHING)


def _squared_distance(features: Features, target: Features) -> jax.Array:
    """`sum (F - P)^2`; both are zero where no position is."""
    values, wanted = as_feature_map(features).values, as_feature_map(target).values
    return _energy(values.astype(jnp.float32) - wanted.astype(jnp.float32))


def sum_content(features: Features, target: Features) -> jax.Array:
    """`1/2 sum (F - P)^2`: Gatys et al. 2016, equation 1."""
    return 0.5 * _squared_distance(features, target)


def mean_content(features: Features, target: Features) -> jax.Array:
    """`mean (F - P)^2`: what PyTorch programs use."""
    wanted = as_feature_map(target)
    return _squared_distance(features, target) / (wanted.positions * wanted.channels)


def energy_content(features: Features, target: Features) -> jax.Array:
    """`mean (F - P)^2 / mean P^2`: without units, so that weights carry over sizes and networks."""
    wanted = as_feature_map(target)
    energy = _energy(wanted.values) / (wanted.positions * wanted.channels)
    # A black picture can have features that are zero everywhere.
    return mean_content(features, target) / jnp.maximum(energy, jnp.finfo(jnp.float32).tiny)


CONTENT_LOSSES: dict[str, Callable[[Features, Features], jax.Array]] = {
    "energy": energy_content,
    "mean": mean_content,
    "sum": sum_content,
}
