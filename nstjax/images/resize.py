"""Antialiased resizing of float pictures."""

import numpy as np
from PIL import Image

from nstjax.errors import UserError


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pixels `(H, W, C)` at another size, by Lanczos (a = 3) in float32, kept in [0, 1].

    On the host: Pillow needs no compilation, and a picture is resized only once a level.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize(
            (width, height), Image.Resampling.LANCZOS
        )
        for channel in np.moveaxis(pixels, -1, 0)
    ]
    return np.clip(np.stack([np.asarray(channel) for channel in channels], axis=-1), 0, 1)


def resize_mask(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """A mask `(H, W)` at another size, linearly: without the dark and bright rims of Lanczos."""
    size = (width, height)
    return np.array(Image.fromarray(mask).resize(size, Image.Resampling.BILINEAR))


def fit(height: float, width: float, long_side: int) -> tuple[int, int]:
    """Height and width of the same shape with the given long side, in whole pixels.

    Raises `UserError` for a shape so narrow that nothing would be left of its short side.
    """
    scale = long_side / max(height, width)
    fitted = round(height * scale), round(width * scale)
    if 0 in fitted:
        raise UserError(
            f"a picture of {width:g}x{height:g} pixels is too narrow for size {long_side}"
        )
    return fitted
