"""The Wasserstein-2 distance between Gaussians of the picture's and the style's statistics.

For means mu and covariances C of N channels (a star marks the style's):

    w2 = mean (mu - mu*)^2 + mean diag (C + C* - 2 (C*^1/2 C C*^1/2)^1/2)

as in style-transfer-pytorch. Only the root's trace is needed, and it depends on C only within the
span of C*: with C* = Q diag(lambda) Q^T, whose r <= N columns are known before the picture is,

    tr (C*^1/2 C C*^1/2)^1/2 = tr (L K L)^1/2 = ||R L||_*,   K = Q^T C Q = R^T R,  L = diag(lambda)^1/2

where ||.||_* is the sum of the singular values. R L has the square root of the condition of L K L, which
float32 could not hold.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nstjax.losses.moments import Moments, covariance

# Added to the variance in every direction of the style's span, as a part of the style's mean energy:
# with fewer positions than channels the root else has no derivative. style-transfer-pytorch adds 1e-4,
# which would drown in the rounding of networks whose features are in the hundreds.
RIDGE = 5e-4
# Enough for a condition of R L of 1e5, in the Frobenius norm.
NEWTON_SCHULZ_STEPS = 9
SMALL = 8  # a matrix below twice this size is left to the library, which then starts no threads
MATRIX = (-2, -1)


class Gaussian(NamedTuple):
    """A style, as far as it does not depend on the picture."""

    mean: jax.Array  # (N,)
    variance: jax.Array  # (), tr C*
    basis: jax.Array  # (N, r), Q
    deviations: jax.Array  # (r,), L with the ridge
    ridge: jax.Array  # ()


def prepare_w2(style: Moments, positions: int) -> Gaussian:
    """The style's spectrum, from its moments over at most `positions` different features."""
    matrix = covariance(style)
    channels = matrix.shape[-1]
    rank = min(channels, positions - 1)  # around the mean there is one dimension less
    variances, basis = jnp.linalg.eigh(matrix)
    energy = jnp.trace(style.second) / channels
    ridge = jnp.maximum(RIDGE * energy, jnp.finfo(jnp.float32).tiny ** 0.5)
    return Gaussian(
        style.mean,
        jnp.trace(matrix),
        basis[:, channels - rank :],
        jnp.sqrt(jnp.maximum(variances[channels - rank :], 0) + ridge),
        ridge,
    )


def w2(picture: Moments, style: Gaussian) -> jax.Array:
    """`mean (mu - mu*)^2 + mean diag (C + C* - 2 (C*^1/2 C C*^1/2)^1/2)`; the file says how."""
    matrix = covariance(picture)
    channels, rank = style.basis.shape
    with jax.default_matmul_precision("highest"):
        seen = style.basis.T @ matrix @ style.basis + style.ridge * jnp.eye(rank)
        root_trace = trace_of_root(seen, style.deviations)
    variances = jnp.trace(matrix, axis1=-2, axis2=-1) + style.variance + 2 * rank * style.ridge
    means = jnp.mean(jnp.square(picture.mean - style.mean), -1)
    return means + (variances - 2 * root_trace) / channels


@jax.custom_vjp
def trace_of_root(matrix: jax.Array, deviations: jax.Array) -> jax.Array:
    """`tr (L K L)^1/2` of a positive definite K `(..., r, r)` and L = diag of deviations `(r,)`."""
    return _forward(matrix, deviations)[0]


def _forward(matrix, deviations):
    # With the polar decomposition R L = U H: tr H = <U, R L>.
    lower, lower_inverse = cholesky_and_inverse(matrix)
    upper, inverse = lower.swapaxes(-1, -2), lower_inverse.swapaxes(-1, -2)
    factor = upper * deviations
    orthogonal = polar_factor(factor, inverse / deviations[:, jnp.newaxis])
    return jnp.sum(orthogonal * factor, MATRIX), (inverse, orthogonal * deviations)


def _backward(residuals, cotangent):
    # d tr (L K L)^1/2 = 1/2 tr (L H^-1 L dK), and L H^-1 L = R^-1 U L: no way back through iterations.
    inverse, orthogonal = residuals
    gradient = jnp.matmul(inverse, orthogonal, precision="highest")
    symmetric = (gradient + gradient.swapaxes(-1, -2)) / 4
    return cotangent[..., jnp.newaxis, jnp.newaxis] * symmetric, None


trace_of_root.defvjp(_forward, _backward)


def cholesky_and_inverse(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The lower triangular T of `K = T T^T`, and its inverse: `(..., r, r)` to two such.

    By halves: matrix products do what a library's factorization is slow at, on accelerators as on a CPU
    whose cores are busy.
    """
    half = matrix.shape[-1] // 2
    if half < SMALL:
        lower = jnp.linalg.cholesky(matrix)
        identity = jnp.broadcast_to(jnp.eye(matrix.shape[-1]), matrix.shape)
        return lower, jax.scipy.linalg.solve_triangular(lower, identity, lower=True)
    first, first_inverse = cholesky_and_inverse(matrix[..., :half, :half])
    corner = matrix[..., half:, :half] @ first_inverse.swapaxes(-1, -2)
    last, last_inverse = cholesky_and_inverse(
        matrix[..., half:, half:] - corner @ corner.swapaxes(-1, -2)
    )
    below = -last_inverse @ (corner @ first_inverse)
    return _lower_blocks(first, corner, last), _lower_blocks(first_inverse, below, last_inverse)


def _lower_blocks(first: jax.Array, corner: jax.Array, last: jax.Array) -> jax.Array:
    above = jnp.zeros_like(corner).swapaxes(-1, -2)
    return jnp.concatenate(
        [jnp.concatenate([first, above], -1), jnp.concatenate([corner, last], -1)], -2
    )


def polar_factor(matrix: jax.Array, inverse: jax.Array) -> jax.Array:
    """The orthogonal U of `X = U H`, H positive definite, from X and its inverse, both `(..., r, r)`.

    One step of Newton's iteration, X <- 1/2 (g X + X^-T / g) with g = (||X^-1|| / ||X||)^1/2 (Higham
    1986, "Computing the polar decomposition"), takes the root of the condition; with the inverse at hand
    that is cheap. The rest is Newton-Schulz iteration, X <- 1/2 rho X (3 - rho^2 X^T X): matrix products
    alone, which every device does well, scaled as by Chen and Chow 2014 ("A stable scaling of
    Newton-Schulz for improving the sign function computation"): rho^2 = 3 / (1 + l + l^2) maps both ends
    of [l, 1], where the singular values lie, to the same value.
    """
    norm, inverse_norm = (jnp.linalg.norm(x, axis=MATRIX, keepdims=True) for x in (matrix, inverse))
    gain = jnp.sqrt(inverse_norm / norm)
    # Of singular values in [1/||X^-1||, ||X||] Newton's step makes such in [1, largest].
    root = jnp.sqrt(inverse_norm * norm)
    largest = (root + 1 / root) / 2
    factor = (gain * matrix + inverse.swapaxes(-1, -2) / gain) / (2 * largest)
    smallest = 1 / largest
    for _ in range(NEWTON_SCHULZ_STEPS):
        scale = jnp.sqrt(3 / (1 + smallest + smallest**2))
        gram = factor.swapaxes(-1, -2) @ factor
        factor = 1.5 * scale * factor - 0.5 * scale**3 * (factor @ gram)
        smallest = scale * smallest * (3 - (scale * smallest) ** 2) / 2
    return factor
