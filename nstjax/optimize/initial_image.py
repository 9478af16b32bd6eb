"""The picture that the optimizer starts from."""

from collections.abc import Callable

import numpy as np


def content(pixels: np.ndarray, seed: int) -> np.ndarray:
    """A copy of the content: the picture keeps its composition with few steps."""
    del seed
    return pixels.copy()


def noise(pixels: np.ndarray, seed: int) -> np.ndarray:
    """White noise, uniform in [0, 1]: Gatys et al. 2016; each seed gives another picture."""
    return np.random.default_rng(seed).random(pixels.shape, dtype=np.float32)


# From content pixels (H, W, 3) at the first level and a seed to pixels of the same shape.
INITIAL_IMAGES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "content": content,
    "noise": noise,
}
