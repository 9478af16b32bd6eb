"""Antialiased resizing of float pictures."""

import numpy as np
from PIL import Image

from nstjax.errors import UserError

BEYOND = 2**31  # pixels; no setting may be as large

Box = tuple[float, float, float, float]  # left, top, right, bottom


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels `(H, W, C)` at another size, by Lanczos (a = 3) in float32, kept in [0, 1].

    On the host: Pillow needs no compilation, and a picture is resized only once a level.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    return _resampled(pixels, height, width)


def cover(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels `(H, W, C)` scaled by `resize`'s filter until they cover another size, and cropped there.

    What is cut off is as much on either side; the aspect ratio of what is seen stays.
    """
    tall, wide = pixels.shape[:2]
    scale = max(height / tall, width / wide)
    # The part that is seen, in the picture's own pixels; `min`, as rounding could leave the picture.
    seen_height, seen_width = min(height / scale, tall), min(width / scale, wide)
    if (seen_height, seen_width) == (tall, wide):
        return resize(pixels, height, width)
    box = (
        *((wide - seen_width) / 2, (tall - seen_height) / 2),
        *((wide + seen_width) / 2, (tall + seen_height) / 2),
    )
    return _resampled(pixels, height, width, box)


def _resampled(pixels: np.ndarray, height: int, width: int, box: Box | None = None) -> np.ndarray:
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize(
            (width, height), Image.Resampling.LANCZOS, box
        )
        for channel in np.moveaxis(pixels, -1, 0)
    ]
    return np.clip(np.stack([np.asarray(channel) for channel in channels], axis=-1), 0, 1)


def resize_mask(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask `(H, W)` at another size, linearly: without the dark and bright rims of Lanczos."""
    size = (width, height)
    return np.array(Image.fromarray(mask).resize(size, Image.Resampling.BILINEAR))


def scaled(height: float, width: float, long_side: int) -> tuple[int, int]:
    """Height and width of the same shape with the given long side, in whole pixels.

    The short side of a shape that is very narrow is 0.
    """
    scale = long_side / max(height, width)
    return round(height * scale), round(width * scale)


def fit(height: float, width: float, long_side: int) -> tuple[int, int]:
    """The same.

    Raises `UserError` for a shape so narrow that nothing would be left of its short side.
    """
    fitted = scaled(height, width, long_side)
    if 0 in fitted:
        raise UserError(
            f"a picture of {width:g}x{height:g} pixels is too narrow for size {long_side}: give a size "
            f"of {least_long_side(height, width, 1)} or more"
        )
    return fitted


def least_long_side(height: float, width: float, short_side: int) -> int:
    """The least long side with which `scaled` leaves so many pixels of the short side, or more.

    At most 2^31, which is beyond any size.
    """
    half = (short_side - 0.5) * (max(height, width) / min(height, width))  # is rounded up or down
    first = max(short_side, int(min(half, BEYOND)))
    fitting = (
        side for side in (first, first + 1) if min(scaled(height, width, side)) >= short_side
    )
    return min(next(fitting, first + 2), BEYOND)
