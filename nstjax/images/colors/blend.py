"""Averages of pictures."""

from collections.abc import Sequence

import numpy as np


def blend(pictures: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """sum_i s_i p_i, the average of pictures by their shares, which are 1 together.

    In float64: in float32 an average of ones may be more than 1.

    Args:
        pictures: pixels `(H, W, 3)` of one shape, in [0, 1].
        shares: one for each.

    Returns: pixels of that shape, float32.
    """
    total = np.zeros(pictures[0].shape)
    for picture, share in zip(pictures, shares, strict=True):
        total += share * picture.astype(np.float64)
    return total.astype(np.float32)
