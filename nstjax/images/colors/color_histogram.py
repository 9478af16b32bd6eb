"""Changes of colors that give a picture the whole distribution of others' colors."""

from collections.abc import Sequence
from itertools import repeat

import numpy as np

from nstjax.images.colors.affine_color import affine_match, symmetric

ROTATIONS = 10  # then the distributions of pictures lie less than one 8-bit step apart
SAMPLES = 2**16  # colors that stand for a picture, on average: its quantiles to about a thousandth
QUANTILES = np.linspace(0, 1, 513)


def histogram_match(
    colors: np.ndarray, examples: Sequence[np.ndarray], shares: Sequence[float] | None = None
) -> np.ndarray:
    """The colors with the distribution of the examples' colors (Pitie, Kokaram and Dahyot 2007).

    "Automated colour grading using colour distribution transfer": along the three axes of one rotation
    after the other, each coordinate x -> F*^-1(F(x)) with its distribution function F and the
    examples' F*. It begins with the affine match, and ends with red, green and blue themselves: their
    histograms become the examples', and no color leaves their range.

    Args:
        colors: `(N, 3)`, float64.
        examples: one or more pictures `(H, W, 3)` of any size.
        shares: how much each example counts, 1 together; None: each counts alike.

    Returns: colors `(N, 3)`, float64.
    """
    counts = [round(SAMPLES * len(examples) * share) for share in shares or ()]
    samples = map(_sample, (each.reshape(-1, 3) for each in examples), counts or repeat(SAMPLES))
    wanted = np.concatenate(list(samples))
    colors = affine_match(colors, examples, symmetric, shares)
    for axes in (*_rotations(), np.eye(3)):
        rotated, wanted_rotated = colors @ axes, wanted @ axes
        matched = [
            _match(rotated[:, axis], _sample(rotated[:, axis], SAMPLES), wanted_rotated[:, axis])
            for axis in range(3)
        ]
        colors = np.stack(matched, axis=-1) @ axes.T
    return colors


def _match(values: np.ndarray, sample: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """F*^-1(F(x)); where F jumps, as in a plain area, the mean of what the jump is mapped to."""
    steps, places, counts = np.unique(
        np.quantile(sample, QUANTILES), return_inverse=True, return_counts=True
    )
    return np.interp(values, steps, np.bincount(places, np.quantile(wanted, QUANTILES)) / counts)


def _sample(values: np.ndarray, count: int) -> np.ndarray:
    """So many of the values, evenly spread over the picture, as float64."""
    return values[np.arange(count) * len(values) // count].astype(np.float64)


def _rotations() -> list[np.ndarray]:
    """Orthogonal matrices, uniformly random and always the same."""
    random = np.random.default_rng(0)
    return [np.linalg.qr(random.standard_normal((3, 3)))[0] for _ in range(ROTATIONS)]
