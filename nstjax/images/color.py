"""Color statistics, and an affine change of colors that gives a picture those of others."""

from collections.abc import Sequence

import numpy as np

# Least standard deviation along any color, as a share of the range: a gray picture's noise must not be
# taken for color.
NARROWEST = 0.01


def match_colors(
    pixels: np.ndarray, examples: Sequence[np.ndarray], strength: float = 1.0
) -> np.ndarray:
    """The picture with the mean and covariance of the examples' colors, or on the way there.

    With covariances C = L L^T of the picture's colors c and S = K K^T of the examples', by Cholesky's
    decomposition, and their means mu and mu* (Gatys et al. 2016, "Preserving color in neural artistic
    style transfer"):

        c -> (1 - strength) c + strength (K L^-1 (c - mu) + mu*)

    Args:
        pixels: `(H, W, 3)` in [0, 1].
        examples: one or more such pictures of any size; each counts alike.
        strength: between 0, the picture as it is, and 1.

    Returns: pixels of the same shape, cut off at 0 and 1.
    """
    colors = pixels.reshape(-1, 3).astype(np.float64)
    mean, second = _moments([pixels])
    wanted_mean, wanted_second = _moments(examples)
    source = _cholesky(second - np.outer(mean, mean))
    target = _cholesky(wanted_second - np.outer(wanted_mean, wanted_mean))
    matched = (colors - mean) @ (target @ np.linalg.inv(source)).T + wanted_mean
    mixed = (1 - strength) * colors + strength * matched
    return np.clip(mixed, 0, 1).astype(np.float32).reshape(pixels.shape)


def _moments(pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean color `(3,)` and mean of c c^T `(3, 3)` over pictures that count alike."""
    colors = [picture.reshape(-1, 3).astype(np.float64) for picture in pictures]
    means = [each.mean(0) for each in colors]
    seconds = [each.T @ each / len(each) for each in colors]
    return np.mean(means, 0), np.mean(seconds, 0)


def _cholesky(covariance: np.ndarray) -> np.ndarray:
    variances, axes = np.linalg.eigh(covariance)
    return np.linalg.cholesky((axes * np.maximum(variances, NARROWEST**2)) @ axes.T)
