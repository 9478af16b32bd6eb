"""Mask files: where in a picture something is, by gray levels or by flat colors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstjax.errors import UserError
from nstjax.images.files.read import read_values
from nstjax.images.pixels import to_pixels

MOST_COLORS = 32  # of a picture of flat colors; an antialiased edge alone has more
GRAY_NOISE = 2  # how far the channels of gray may lie apart, in bytes: WebP's do
FAINTEST = 0.05  # of a mask's white; what is darker are numbers of regions, no grays
LUMA = (2126, 7152, 722)  # of red, green and blue (Rec. 709), times 10^4


@dataclass(frozen=True, eq=False)
class ColorMap:
    """A picture of few flat colors, each of which but black marks a region."""

    codes: np.ndarray  # (h, w), 0xrrggbb of each pixel
    colors: tuple[str, ...]  # as "#rrggbb", from dark to light, without black

    @property
    def shape(self) -> tuple[int, ...]:
        """Height and width."""
        return self.codes.shape

    def where(self, color: str) -> np.ndarray:
        """The mask `(h, w)` of one of the colors, float32: 1 there, 0 elsewhere."""
        return (self.codes == int(color[1:], 16)).astype(np.float32)


def read_mask(path: str | Path) -> np.ndarray | ColorMap:
    """A mask, upright as `read` has pictures; what kind it is, its colors decide.

    Where every pixel is gray, white is inside, black outside, and gray between. Else there may be at
    most `MOST_COLORS` colors, and each but black is a region. What is transparent counts as black; where
    all that shows has one color, the alpha channel is the mask. Values are as the file has them, without
    its color profile.

    Returns: `(h, w)`, float32 in [0, 1], with a value of `FAINTEST` or more; or the map of colors.

    Raises `UserError` for a file that `read` refuses, too many colors, and a mask that marks nothing.
    """
    found = _kind(read_values(path), str(path))
    if isinstance(found, np.ndarray) and found.max() < FAINTEST:
        raise UserError(f"{path} is all black and marks nothing: paint white what it is to mark")
    return found


def _kind(values: np.ndarray, name: str) -> np.ndarray | ColorMap:
    if values.ndim == 2:
        return to_pixels(values, name)[..., 0].copy()
    color = values[..., :3]
    if values.shape[-1] == 4:
        alpha = values[..., 3]
        if _shows_one_color(color, alpha):
            return alpha / np.float32(255)
        color = np.rint(color * (alpha[..., np.newaxis] / np.float32(255))).astype(np.uint8)
    red, green, blue = np.moveaxis(color, -1, 0)
    apart = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    if apart.max() <= GRAY_NOISE:
        return green / np.float32(255)
    codes = np.uint32(2**16) * red + np.uint32(2**8) * green + blue
    is_used = np.zeros(2**24, bool)  # sorting the pixels takes much longer
    is_used[codes] = True
    used = np.flatnonzero(is_used)
    if len(used) > MOST_COLORS:
        raise UserError(
            f"{name} has {len(used)} colors: a mask must be gray, or have at most {MOST_COLORS} flat "
            "colors; save it as PNG, without antialiasing"
        )
    by_luma = sorted((_luma(code), code) for code in map(int, used) if code)
    return ColorMap(codes, tuple(f"#{code:06x}" for _, code in by_luma))


def _shows_one_color(color: np.ndarray, alpha: np.ndarray) -> bool:
    """Whether alpha alone makes the picture: what is fully transparent may have any color."""
    shown = color[alpha > 0]
    return bool(len(shown)) and bool(np.ptp(alpha)) and not np.ptp(shown, axis=0).any()


def _luma(code: int) -> int:
    return sum(weight * byte for weight, byte in zip(LUMA, code.to_bytes(3), strict=True))
