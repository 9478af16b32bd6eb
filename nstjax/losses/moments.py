"""The only style statistic that feature maps are reduced to.

For M positions with N channels each, f_i (i = 1..M):

    mean    mu = 1/M sum_i f_i            (N,)
    second  S  = 1/M sum_i f_i f_i^T      (N, N)       so the Gram matrix is G = M S

Moments are additive over positions: those of a whole are the weighted average of its parts', and a
mixture of styles is an average of moments. With weights w_i in [0, 1], as of a mask with soft edges, a
sum over positions is `sum_i w_i ...` and M is `sum_i w_i`.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nstjax.feature_map import POSITIONS, FeatureMap, as_feature_map, block_diagonal


class Moments(NamedTuple):
    """First and second moments over the positions of a feature map, in float32."""

    mean: jax.Array  # (..., N)
    second: jax.Array  # (..., N, N)
    positions: jax.Array  # (), M: turns means back into the sums of an unnormalized Gram matrix


# Values of a strip of rows: one MiB of float32, which stays in a core's cache.
STRIP = 2**18


def second_moment(features: FeatureMap | jax.Array) -> jax.Array:
    """`S = 1/M sum_i f_i f_i^T`: `(..., H, W, N) -> (..., N, N)`, summed in float32."""
    found = as_feature_map(features)
    gram: jax.Array = _gram(found.folds, found.values)
    return gram / found.positions


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gram(folds: int, values: jax.Array) -> jax.Array:
    """`sum_i f_i f_i^T` of all positions, which is the sum of those of the folds."""
    product = jax.lax.platform_dependent(values, cpu=_product_by_strips, default=_product)
    channels = values.shape[-1] // folds
    blocks = [slice(fold * channels, (fold + 1) * channels) for fold in range(folds)]
    return sum(
        (product[..., block, block] for block in blocks[1:]), product[..., blocks[0], blocks[0]]
    )


def _product(values: jax.Array) -> jax.Array:
    return jnp.einsum("...shwm,...shwn->...mn", values, values, preferred_element_type=jnp.float32)


def _product_by_strips(values: jax.Array) -> jax.Array:
    """The same. A CPU's product copies what it multiplies, and the copy of a large map is no cache's."""
    strips, height, width, channels = values.shape[-4:]
    rows = max(1, STRIP // (strips * width * channels))
    if rows >= height:
        return _product(values)
    parts = height // rows

    def add(index: jax.Array, product: jax.Array) -> jax.Array:
        return product + _product(jax.lax.dynamic_slice_in_dim(values, index * rows, rows, -3))

    rest = _product(values[..., parts * rows :, :, :])
    return jax.lax.fori_loop(0, parts, add, rest)


def _gram_forward(folds, values):
    return _gram(folds, values), values


def _gram_backward(folds, values, cotangent):
    # dG = dF^T F + F^T dF, so the gradient is F (D + D^T): one matrix product, where automatic
    # differentiation makes two, in the features' own type.
    symmetric = (cotangent + cotangent.swapaxes(-1, -2)).astype(values.dtype)
    return (jnp.einsum("...shwm,...mn->...shwn", values, block_diagonal(symmetric, folds)),)


_gram.defvjp(_gram_forward, _gram_backward)


class MomentSums(NamedTuple):
    """What moments are made of, which simply adds up over the parts of a picture. In float32."""

    features: jax.Array  # sum_i w_i f_i, (..., N)
    products: jax.Array  # sum_i w_i f_i f_i^T, (..., N, N)
    positions: jax.Array  # (), sum_i w_i


def moment_sums(features: FeatureMap | jax.Array, weights: jax.Array | None = None) -> MomentSums:
    """The sums of a feature map `(..., H, W, N)`; with weights `(H, W)`, of a part of it.

    Gatys et al. 2017 ("Controlling perceptual factors in neural style transfer", equation 4) multiply
    the features by a guidance channel T, whose square is a weight here: weights of parts that
    add up to one then leave the sums additive.
    """
    found = as_feature_map(features)
    if weights is None:
        positions = jnp.float32(found.positions)
        if found.sums is not None:
            return MomentSums(*found.sums, positions)
        return MomentSums(_sum(found, found.values), _gram(found.folds, found.values), positions)
    weighted = found.weights(weights)
    rooted = found.values * jnp.sqrt(weighted).astype(found.values.dtype)
    gram: jax.Array = _gram(found.folds, rooted)
    return MomentSums(_sum(found, weighted * found.values), gram, jnp.sum(weights))


def moments_of(sums: MomentSums) -> Moments:
    """The moments, from their sums. Where all weights are zero, so are they."""
    # A small mask can vanish at a coarse level.
    per_weight = 1 / jnp.maximum(sums.positions, jnp.finfo(jnp.float32).tiny ** 0.5)
    return Moments(sums.features * per_weight, sums.products * per_weight, sums.positions)


def moments(features: FeatureMap | jax.Array, weights: jax.Array | None = None) -> Moments:
    """The moments of a feature map `(..., H, W, N)`; with weights `(H, W)`, of a part of it."""
    return moments_of(moment_sums(features, weights))


def _sum(features: FeatureMap, values: jax.Array) -> jax.Array:
    """`sum_i f_i` in float32: `(..., N)`."""
    channels = jnp.sum(values, POSITIONS, dtype=jnp.float32)
    return jnp.sum(channels.reshape(*channels.shape[:-1], features.folds, -1), -2)


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
