"""Style distances: moments of the picture and of the style, to one number `(...)` a layer.

S is the second moment, M the number of positions, N that of channels; a star marks the style's. The
Gram matrix of the papers is G = M S.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from nstjax.losses.moments import Moments

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
    style_energy = jnp.sum(jnp.square(style.second), MATRIX)
    difference = jnp.sum(jnp.square(picture.second - style.second), MATRIX)
    return difference / jnp.maximum(style_energy, jnp.finfo(jnp.float32).tiny)


STYLE_LOSSES: dict[str, Callable[[Moments, Moments], jax.Array]] = {
    "energy": energy,
    "gram": gram,
    "gram_sum": gram_sum,
    "gram_chw": gram_chw,
}
