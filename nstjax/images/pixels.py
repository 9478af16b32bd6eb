"""Arrays of any common kind to pixels: float32 sRGB in [0, 1], `(H, W, 3)`."""

import numpy as np
from numpy.typing import ArrayLike

from nstjax.errors import UserError


def to_pixels(image: ArrayLike, name: str = "image") -> np.ndarray:
    """Pixels `(H, W, 3)`, float32 in [0, 1].

    Args:
        image: NumPy or JAX array `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)`; unsigned integers
            over their whole range, or floats in [0, 1]. Alpha is laid over white.
        name: what to call it in an error.

    Raises `UserError` for another shape, type or range, and for NaN.
    """
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise UserError(
            f"{name} has shape {array.shape}: give (height, width) or (height, width, 1, 3 or 4)"
        )
    pixels = _to_unit_floats(array, name)
    if pixels.shape[-1] == 4:
        color, alpha = pixels[..., :3], pixels[..., 3:]
        pixels = color * alpha + (1 - alpha)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def to_bytes(pixels: ArrayLike) -> np.ndarray:
    """Pixels in [0, 1] as uint8, rounded to nearest."""
    return (np.clip(np.asarray(pixels), 0, 1) * 255 + 0.5).astype(np.uint8)


def to_words(pixels: ArrayLike) -> np.ndarray:
    """Pixels in [0, 1] as uint16, rounded to nearest."""
    return (np.clip(np.asarray(pixels, np.float64), 0, 1) * 65535 + 0.5).astype(np.uint16)


def _to_unit_floats(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == bool or np.issubdtype(array.dtype, np.unsignedinteger):
        most = 1 if array.dtype == bool else np.iinfo(array.dtype).max
        return array.astype(np.float32) / np.float32(most)
    # Also true for bfloat16, which NumPy itself does not know.
    if np.issubdtype(array.dtype, np.integer) or not np.can_cast(array.dtype, np.float64):
        raise UserError(f"{name} has type {array.dtype}: give unsigned integers or floats")
    if not (np.isfinite(array).all() and array.min() >= -1e-3 and array.max() <= 1 + 1e-3):
        raise UserError(f"{name} has floats outside [0, 1]: divide by the largest possible value")
    return np.clip(array.astype(np.float32), 0, 1)
