"""Affine changes of colors that give a picture the mean and the covariance of others' colors."""

from collections.abc import Callable, Sequence

import numpy as np

# Least standard deviation along any color, as a share of the range: a gray picture's noise must not be
# taken for color.
NARROWEST = 0.01

# From the covariances C of a picture's colors and S wanted, both (3, 3), to a matrix A.
Matrix = Callable[[np.ndarray, np.ndarray], np.ndarray]


def affine_match(
    colors: np.ndarray,
    examples: Sequence[np.ndarray],
    matrix: Matrix,
    shares: Sequence[float] | None = None,
) -> np.ndarray:
    """The colors with the mean and covariance of the examples' colors.

    With mean mu and covariance C of the colors c, and mu* and S of the examples' (Gatys et al. 2016,
    "Preserving color in neural artistic style transfer"):

        c -> A (c - mu) + mu*    with    A C A^T = S

    Args:
        colors: `(N, 3)`, float64.
        examples: one or more pictures `(H, W, 3)` of any size.
        matrix: which of the many A; one of this module's.
        shares: how much each example counts, 1 together; None: each counts alike.

    Returns: colors `(N, 3)`, float64, not cut off. Colors that vary less than `NARROWEST` somewhere get
    less of the examples' variance there.
    """
    mean, second = _moments([colors])
    wanted_mean, wanted_second = _moments(examples, shares)
    change = matrix(
        second - np.outer(mean, mean), wanted_second - np.outer(wanted_mean, wanted_mean)
    )
    return (colors - mean) @ change.T + wanted_mean


def symmetric(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The symmetric A: colors move least (Pitie and Kokaram 2007, Monge and Kantorovich's transport).

    A = C^-1/2 (C^1/2 S C^1/2)^1/2 C^-1/2
    """
    root = _root(_widened(source))
    inverse = np.linalg.inv(root)
    return inverse @ _root(root @ target @ root) @ inverse


def pca(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A = S^1/2 C^-1/2: scaled along principal axes (Hertzmann et al. 2001, "Image analogies")."""
    return _root(target) @ np.linalg.inv(_root(_widened(source)))


def cholesky(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """A = K L^-1 with C = L L^T and S = K K^T by Cholesky's decomposition (Gatys et al. 2016).

    S is widened too: it must have an inverse for this decomposition.
    """
    return np.linalg.cholesky(_widened(target)) @ np.linalg.inv(
        np.linalg.cholesky(_widened(source))
    )


def _moments(
    pictures: Sequence[np.ndarray], shares: Sequence[float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean color `(3,)` and mean of c c^T `(3, 3)` over pictures of any size."""
    colors = [picture.reshape(-1, 3).astype(np.float64) for picture in pictures]
    means = [each.mean(0) for each in colors]
    seconds = [each.T @ each / len(each) for each in colors]
    return np.average(means, 0, shares), np.average(seconds, 0, shares)


def _widened(covariance: np.ndarray) -> np.ndarray:
    variances, axes = np.linalg.eigh(covariance)
    return (axes * np.maximum(variances, NARROWEST**2)) @ axes.T


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root."""
    variances, axes = np.linalg.eigh(covariance)
    return (axes * np.sqrt(np.maximum(variances, 0))) @ axes.T
