"""Style distances: moments of the picture and of the style, to one number `(...)` a layer.

S is the second moment, M the number of positions, N that of channels; a star marks the style's. The
Gram matrix of the papers is G = M S.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nstjax.losses.moments import Moments, covariance
from nstjax.losses.wasserstein import prepare_w2, w2

MATRIX = (-2, -1)


def gram(picture: Moments, style: Moments) -> jax.Array:
    """`1/4 mean (S - S*)^2`: Gatys et al. 2016, equation 4, `1/(4 N^2 M^2) sum (G - A)^2`.

    The two are equal where picture and style have the same number of positions. Elsewhere each Gram
    matrix is divided by its own M, so that a style picture of another size asks for the same style.
    """
    return 0.25 * jnp.mean(jnp.square(picture.second - style.second), MATRIX)


def gram_sum(picture: Moments, style: Moments) -> jax.Array:
    """`mean (M S - M* S*)^2`: the unnormalized Gram matrix of plain PyTorch tutorials."""
    difference = picture.positions * picture.second - style.positions * style.second
    return jnp.mean(jnp.square(difference), MATRIX)


def gram_chw(picture: Moments, style: Moments) -> jax.Array:
    """`mean (S/N - S*/N)^2`: neural-style's Gram matrix, divided by C x H x W."""
    channels = picture.second.shape[-1]
    return jnp.mean(jnp.square((picture.second - style.second) / channels), MATRIX)


def energy(picture: Moments, style: Moments) -> jax.Array:
    """`||S - S*||^2 / ||S*||^2` (Frobenius): 1 for a black picture, 0 for the style itself.

    Without units, so that weights carry over sizes, layers and networks.
    """
    return _relative(picture.second, style.second)


def covariance_energy(picture: Moments, style: Moments) -> jax.Array:
    """`||C - C*||^2 / ||C*||^2` with C = S - mu mu^T: whatever the means."""
    return _relative(covariance(picture), covariance(style))


def mean_covariance(picture: Moments, style: Moments) -> jax.Array:
    """`||C - C*||^2 / ||C*||^2 + ||mu - mu*||^2 / ||mu*||^2`: each against its own energy.

    In the second moment S = C + mu mu^T the mean drowns what varies, and what varies are the strokes.
    """
    return covariance_energy(picture, style) + _relative(
        picture.mean[..., jnp.newaxis], style.mean[..., jnp.newaxis]
    )


def _relative(matrix: jax.Array, style: jax.Array) -> jax.Array:
    style_energy = jnp.sum(jnp.square(style), MATRIX)
    difference = jnp.sum(jnp.square(matrix - style), MATRIX)
    return difference / jnp.maximum(style_energy, jnp.finfo(jnp.float32).tiny)


def mean_std(picture: Moments, style: Moments) -> jax.Array:
    """`mean (mu - mu*)^2 + mean (sd - sd*)^2`: the statistics of adaptive instance normalization."""
    means = jnp.mean(jnp.square(picture.mean - style.mean), -1)
    deviations = jnp.square(_standard_deviation(picture) - _standard_deviation(style))
    return means + jnp.mean(deviations, -1)


def _standard_deviation(moments: Moments) -> jax.Array:
    energy = jnp.diagonal(moments.second, axis1=-2, axis2=-1)
    variance = energy - jnp.square(moments.mean)
    # A channel that is constant up to rounding: the root has no derivative there.
    varies = variance > 1e-6 * energy
    return jnp.where(varies, jnp.sqrt(jnp.where(varies, variance, 1)), 0)


def _moments_themselves(style: Moments, positions: int) -> Moments:  # noqa: ARG001
    return style


class StyleLoss(NamedTuple):
    """A distance from a style, and what of it is computed once, before the picture is known."""

    distance: Callable[[Moments, Any], jax.Array]  # the picture's moments and the style prepared
    # From the style's moments, and the number of positions that they were taken over.
    prepare: Callable[[Moments, int], Any] = _moments_themselves


STYLE_LOSSES: dict[str, StyleLoss] = {
    "mean_covariance": StyleLoss(mean_covariance),
    "energy": StyleLoss(energy),
    "gram": StyleLoss(gram),
    "gram_sum": StyleLoss(gram_sum),
    "gram_chw": StyleLoss(gram_chw),
    "covariance": StyleLoss(covariance_energy),
    "mean_std": StyleLoss(mean_std),
    "w2": StyleLoss(w2, prepare_w2),
}
