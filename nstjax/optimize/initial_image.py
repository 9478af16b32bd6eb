"""The picture that the optimizer starts from."""

from collections.abc import Callable, Sequence

import numpy as np

from nstjax.images import match_colors

RECOLORED = 0.5  # how far from the content's colors to the style's


def recolored(content: np.ndarray, styles: Sequence[np.ndarray], seed: int) -> np.ndarray:
    """The content with colors halfway to the style's: what is slowest to change is changed already."""
    del seed
    return match_colors(content, styles, "match_cholesky", RECOLORED)


def content(content: np.ndarray, styles: Sequence[np.ndarray], seed: int) -> np.ndarray:
    """A copy of the content: the picture keeps its composition with few steps."""
    del styles, seed
    return content.copy()


def noise(content: np.ndarray, styles: Sequence[np.ndarray], seed: int) -> np.ndarray:
    """White noise, uniform in [0, 1]: Gatys et al. 2016; each seed gives another picture."""
    del styles
    return np.random.default_rng(seed).random(content.shape, dtype=np.float32)


# From pixels (H, W, 3) of the content and of each style, and a seed, to pixels of the content's shape.
INITIAL_IMAGES: dict[str, Callable[[np.ndarray, Sequence[np.ndarray], int], np.ndarray]] = {
    "recolored": recolored,
    "content": content,
    "noise": noise,
}
