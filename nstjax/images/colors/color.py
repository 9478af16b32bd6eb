"""Recoloring: a picture with the colors of others, in one of several ways and to any degree."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from nstjax.images.colors.affine_color import affine_match, cholesky, pca, symmetric
from nstjax.images.colors.color_histogram import histogram_match

# From colors (N, 3), example pictures and `shares` to colors (N, 3), float64 and not cut off.
COLOR_MATCHES: dict[str, Callable[..., np.ndarray]] = {
    "match": functools.partial(affine_match, matrix=symmetric),
    "match_pca": functools.partial(affine_match, matrix=pca),
    "match_cholesky": functools.partial(affine_match, matrix=cholesky),
    "histogram": histogram_match,
}


def match_colors(
    pixels: np.ndarray,
    examples: Sequence[np.ndarray],
    match: str,
    strength: float = 1.0,
    shares: Sequence[float] | None = None,
) -> np.ndarray:
    """The picture with the colors of the examples, or on the way there.

    Args:
        pixels: `(H, W, 3)` in [0, 1].
        examples: one or more such pictures of any size.
        match: one of `COLOR_MATCHES`.
        strength: between 0, the picture as it is, and 1.
        shares: how much each example counts, 1 together; None: each counts alike.

    Returns: pixels of the same shape, cut off at 0 and 1.
    """
    colors = pixels.reshape(-1, 3).astype(np.float64)
    matched = COLOR_MATCHES[match](colors, examples, shares=shares)
    mixed = (1 - strength) * colors + strength * matched
    return np.clip(mixed, 0, 1).astype(np.float32).reshape(pixels.shape)
