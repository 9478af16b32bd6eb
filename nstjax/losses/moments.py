"""The only style statistic that feature maps are reduced to.

For M positions with N channels each, f_i (i = 1..M):

    mean    mu = 1/M sum_i f_i            (N,)
    second  S  = 1/M sum_i f_i f_i^T      (N, N)       so the Gram matrix is G = M S

Moments are additive over positions: those of a whole are the weighted average of its parts', and a
mixture of styles is an average of moments. With weights w_i in [0, 1], as of a mask with soft edges, a
sum over positions is `sum_i w_i ...` and M is `sum_i w_i`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Moments(NamedTuple):
    """First and second moments over the positions of a feature map, in float32."""

    mean: jax.Array  # (..., N)
    second: jax.Array  # (..., N, N)
    positions: jax.Array  # (), M: turns means back into the sums of an unnormalized Gram matrix


# Values of a strip of rows: one MiB of float32, which stays in a core's cache.
STRIP = 2**18


@jax.custom_vjp
def second_moment(features: jax.Array) -> jax.Array:
    """`S = 1/M sum_i f_i f_i^T`: `(..., H, W, N) -> (..., N, N)`, summed in float32."""
    gram = jax.lax.platform_dependent(features, cpu=_gram_by_strips, default=_gram)
    return gram / _positions(features)


def _gram(features: jax.Array) -> jax.Array:
    return jnp.einsum(
        "...hwm,...hwn->...mn", features, features, preferred_element_type=jnp.float32
    )


def _gram_by_strips(features: jax.Array) -> jax.Array:
    """The same. A CPU's product copies what it multiplies, and the copy of a large map is no cache's."""
    height, width, channels = features.shape[-3:]
    rows = max(1, STRIP // (width * channels))
    if rows >= height:
        return _gram(features)
    strips = height // rows

    def add(index: jax.Array, gram: jax.Array) -> jax.Array:
        return gram + _gram(jax.lax.dynamic_slice_in_dim(features, index * rows, rows, -3))

    rest = _gram(features[..., strips * rows :, :, :])
    return jax.lax.fori_loop(0, strips, add, rest)


def _second_moment_forward(features):
    return second_moment(features), features


def _second_moment_backward(features, cotangent):
    # dS = 1/M (dF^T F + F^T dF), so the gradient is 1/M F (D + D^T): one matrix product, where
    # automatic differentiation makes two, in the features' own type.
    symmetric = (cotangent + cotangent.swapaxes(-1, -2)) / _positions(features)
    return (jnp.einsum("...hwm,...mn->...hwn", features, symmetric.astype(features.dtype)),)


second_moment.defvjp(_second_moment_forward, _second_moment_backward)


def moments(features: jax.Array, weights: jax.Array | None = None) -> Moments:
    """The moments of a feature map `(..., H, W, N)`; with weights `(H, W)`, of a part of it.

    Gatys et al. 2017 ("Controlling perceptual factors in neural style transfer", equation 4) multiply
    the features by a guidance channel T, whose square is a weight here: weights of parts that
    add up to one then leave the moments additive. Where all weights are zero, so are the moments.
    """
    positions = jnp.float32(_positions(features))
    if weights is None:
        return Moments(
            mean=jnp.mean(features, (-3, -2), dtype=jnp.float32),
            second=second_moment(features),
            positions=positions,
        )
    total = jnp.sum(weights)
    # A small mask can vanish at a coarse level.
    per_weight = 1 / jnp.maximum(total, jnp.finfo(jnp.float32).tiny ** 0.5)
    weighted = weights[..., jnp.newaxis]
    rooted = features * jnp.sqrt(weighted).astype(features.dtype)
    return Moments(
        mean=jnp.sum(weighted * features, (-3, -2), dtype=jnp.float32) * per_weight,
        second=second_moment(rooted) * positions * per_weight,
        positions=total,
    )


def covariance(moments: Moments) -> jax.Array:
    """`C = S - mu mu^T`: `(..., N, N)`."""
    mean = moments.mean
    return moments.second - mean[..., :, jnp.newaxis] * mean[..., jnp.newaxis, :]


def blend(parts: Sequence[Moments], shares: Sequence[jax.typing.ArrayLike]) -> Moments:
    """The moments of a mixture of styles in shares that are 1 together, whatever the styles' sizes."""

    def mixture(*values: jax.Array) -> jax.Array:
        return sum(
            (jnp.asarray(share) * value for share, value in zip(shares, values, strict=True)),
            start=jnp.float32(0),
        )

    return jax.tree.map(mixture, *parts)


def _positions(features: jax.Array) -> int:
    return features.shape[-3] * features.shape[-2]
