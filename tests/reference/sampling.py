"""A few numbers that stand for a large array."""

import numpy as np


def sample(values) -> np.ndarray:
    """Return 62 values spread over the array, its mean and its root mean square, as float32."""
    flat = np.asarray(values, np.float64).ravel()
    places = np.linspace(0, flat.size - 1, 62).astype(int)
    return np.float32([*flat[places], flat.mean(), np.sqrt(np.mean(flat**2))])
