"""The picture that the optimizer starts from."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nstjax.images import blend, cover, match_colors

RECOLORED = 0.5  # how far from the content's colors to the style's


class Sources(NamedTuple):
    """What there is to make a first picture of."""

    height: int  # of the first picture, in pixels
    width: int
    content: np.ndarray | None  # pixels of that size; None where the picture has no content
    styles: Sequence[np.ndarray]  # pixels, each of its own size; none where it has no style
    palettes: Sequence[
        np.ndarray
    ]  # the styles as small as they are seen at first: for their colors
    shares: Sequence[float]  # of each style, 1 together
    seed: int


def recolored(sources: Sources) -> np.ndarray:
    """The content with colors halfway to the style's: what is slowest to change is changed already."""
    return _with_styles_colors(content(sources), sources, "match_cholesky", RECOLORED)


def content(sources: Sources) -> np.ndarray:
    """A copy of the content: the picture keeps its composition with few steps."""
    assert sources.content is not None
    return sources.content.copy()


def style(sources: Sources) -> np.ndarray:
    """The style pictures themselves, each scaled to cover the picture, averaged by their shares."""
    fitted = [cover(each, sources.height, sources.width) for each in sources.styles]
    return blend(fitted, sources.shares)


def style_noise(sources: Sources) -> np.ndarray:
    """The noise with the mean and the covariance of the style's colors: only these are known.

    Exactly these where nothing is cut off at 0 and 1.
    """
    return _with_styles_colors(noise(sources), sources, "match")


def gray(sources: Sources) -> np.ndarray:
    """Middle gray, but for noise of one step of 8 bits.

    As style-transfer-pytorch can, and about as neural-style does. Plain gray would leave it to rounding
    what is painted where.
    """
    return (0.5 + (noise(sources) - 0.5) / 255).astype(np.float32)


def noise(sources: Sources) -> np.ndarray:
    """White noise, uniform in [0, 1]: Gatys et al. 2016; each seed gives another picture."""
    shape = sources.height, sources.width, 3
    return np.random.default_rng(sources.seed).random(shape, dtype=np.float32)


def _with_styles_colors(
    pixels: np.ndarray, sources: Sources, match: str, strength: float = 1.0
) -> np.ndarray:
    return match_colors(pixels, sources.palettes, match, strength, sources.shares)


class InitialImage(NamedTuple):
    """A way to make a first picture, and what must be there for it."""

    make: Callable[[Sources], np.ndarray]  # to pixels (height, width, 3), float32 in [0, 1]
    of_content: bool = False
    of_styles: bool = False

    def missing(self, sources: Sources) -> str:
        """What it needs and is not there; empty if nothing is missing."""
        if self.of_content and sources.content is None:
            return "content picture"
        return "style picture" if self.of_styles and not sources.styles else ""


INITIAL_IMAGES = {
    "recolored": InitialImage(recolored, of_content=True, of_styles=True),
    "content": InitialImage(content, of_content=True),
    "style": InitialImage(style, of_styles=True),
    "style_noise": InitialImage(style_noise, of_styles=True),
    "gray": InitialImage(gray),
    "noise": InitialImage(noise),
}
