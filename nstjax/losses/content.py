"""How far the picture's features are from the content's: two feature maps to one number `(...)`.

F are the picture's features and P the content's, `(..., H, W, N)` or a `FeatureMap`. Each loss is the
sum of (F - P)^2 over all positions and channels, times a number that P alone decides.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nstjax.feature_map import POSITIONS, FeatureMap, as_feature_map

Features = FeatureMap | jax.Array
EVERYTHING = (*POSITIONS, -1)


def energy_of(features: Features, owned: jax.Array | None = None) -> jax.Array:
    """`sum F^2` in float32, where the positions `(H, W)` count."""
    found = as_feature_map(features)
    return _sum_of_squares(found.values.astype(jnp.float32), found, owned)


def squared_distance(
    features: Features, target: Features, owned: jax.Array | None = None
) -> jax.Array:
    """`sum (F - P)^2` where the positions `(H, W)` count; both are zero where there is none.

    A target that is an array is laid out as the features are.
    """
    found = as_feature_map(features)
    wanted = target.values if isinstance(target, FeatureMap) else found.laid_out(target)
    difference = found.values.astype(jnp.float32) - wanted.astype(jnp.float32)
    return _sum_of_squares(difference, found, owned)


def _sum_of_squares(values: jax.Array, like: FeatureMap, owned: jax.Array | None) -> jax.Array:
    squares = jnp.square(values)
    return jnp.sum(squares if owned is None else squares * like.weights(owned), EVERYTHING)


class ContentLoss(NamedTuple):
    """A distance from the content."""

    # From sum P^2 `(...)` and how many values P has, what sum (F - P)^2 is multiplied with.
    scale: Callable[[jax.Array, int], jax.typing.ArrayLike]

    def __call__(self, features: Features, target: Features) -> jax.Array:
        """The loss of features, given the target's: `(...)`."""
        wanted = as_feature_map(target)
        scale = self.scale(energy_of(target), wanted.positions * wanted.channels)
        return jnp.asarray(scale) * squared_distance(features, target)


def _sum(energy: jax.Array, values: int) -> float:
    """`1/2 sum (F - P)^2`: Gatys et al. 2016, equation 1."""
    del energy, values
    return 0.5


def _mean(energy: jax.Array, values: int) -> float:
    """`mean (F - P)^2`: what PyTorch programs use."""
    del energy
    return 1 / values


def _energy(energy: jax.Array, values: int) -> jax.Array:
    """`mean (F - P)^2 / mean P^2`: without units, so that weights carry over sizes and networks."""
    # A black picture can have features that are zero everywhere.
    return 1 / jnp.maximum(energy, values * jnp.finfo(jnp.float32).tiny)


CONTENT_LOSSES = {
    "energy": ContentLoss(_energy),
    "mean": ContentLoss(_mean),
    "sum": ContentLoss(_sum),
}
