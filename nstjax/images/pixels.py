"""Arrays of any common kind to pixels: float32 sRGB in [0, 1], `(H, W, 3)`."""

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from nstjax.errors import UserError
from nstjax.images.arrays import to_array
from nstjax.images.decode.damage import told
from nstjax.images.decode.profiles import ROUNDING, to_srgb
from nstjax.images.decode.samples import UnreadableError, check_format, samples_of, unit_floats


def to_pixels(image: ArrayLike | Image.Image, name: str = "image") -> np.ndarray:
    """Pixels `(H, W, 3)`, float32 in [0, 1].

    Args:
        image: an array of NumPy, JAX or PyTorch, `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)`;
            unsigned integers over their whole range, or floats in [0, 1]. Alpha is laid over white. Or
            a picture of Pillow's in any mode, taken as `read` takes one from a file.
        name: what to call it in an error.

    Raises `UserError` for another shape, type or range, for NaN, and for what is no array.
    """
    if isinstance(image, Image.Image):
        return _of_pillow(image, name)
    array = to_array(image, name)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4) or 0 in array.shape:
        raise UserError(
            f"{name} has shape {array.shape}: give (height, width) or (height, width, 1, 3 or 4)"
            f"{_how_to_turn(array.shape)}"
        )
    # Tensors have no `astype`.
    cast = "image.to(torch.{})" if hasattr(image, "detach") else "image.astype('{}')"
    values = to_unit_floats(array, name, cast=cast)
    if values.shape[-1] == 4:
        return laid_over_white(values[..., :3], values[..., 3])
    return laid_over_white(values, None)


def to_bytes(pixels: ArrayLike) -> np.ndarray:
    """Pixels in [0, 1] as uint8, rounded to nearest."""
    return (np.clip(np.asarray(pixels), 0, 1) * 255 + 0.5).astype(np.uint8)


def to_words(pixels: ArrayLike) -> np.ndarray:
    """Pixels in [0, 1] as uint16, rounded to nearest."""
    return (np.clip(np.asarray(pixels, np.float64), 0, 1) * 65535 + 0.5).astype(np.uint16)


def laid_over_white(color: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Pixels `(H, W, 3)` of gray or color `(H, W, 1 or 3)` with alpha `(H, W)`, floats in [0, 1]."""
    if alpha is not None:
        share = alpha[..., np.newaxis]
        color = color * share + (1 - share)
    return np.ascontiguousarray(np.broadcast_to(color, (*color.shape[:2], 3)))


def to_unit_floats(array: np.ndarray, name: str, *, cast: str = "image.astype('{}')") -> np.ndarray:
    """An array of any shape as float32 in [0, 1], one of its own.

    Args:
        array: unsigned integers over their whole range, or floats in [0, 1].
        name: what to call it in an error.
        cast: how the caller's kind of array is turned into one of the type in `{}`.

    Raises `UserError` for another type than unsigned integers and floats, floats out of range, and
    integers of 32 or 64 bits that are far from using them.
    """
    if array.dtype == bool:
        return array.astype(np.float32)
    if np.issubdtype(array.dtype, np.unsignedinteger):
        if array.itemsize > 2:
            _check_wide(array, name, cast)
        return unit_floats(array)
    # Also true for bfloat16, which NumPy itself does not know.
    if np.issubdtype(array.dtype, np.integer) or not np.can_cast(array.dtype, np.float64):
        advice = f"; for 0 to 255, {cast.format('uint8')}" if array.dtype.kind == "i" else ""
        raise UserError(f"{name} has type {array.dtype}: give unsigned integers or floats{advice}")
    check_range(array, name)
    values = array.astype(np.float32)
    return np.clip(values, 0, 1, out=values)


def check_range(
    array: np.ndarray, name: str, *, what: str = "floats", rounding: float = ROUNDING
) -> None:
    """Raises `UserError` for numbers that are not in [0, 1], and says what is there."""
    if array.dtype.kind != "f":  # bfloat16, whose least value would be found with a warning
        array = array.astype(np.float32)
    least, most = float(array.min()), float(array.max())
    if least >= -rounding and most <= 1 + rounding:
        return
    for is_such, word in ((np.isnan, "NaN"), (np.isinf, "infinite")):
        if count := int(is_such(array).sum()):
            raise UserError(
                f"{name} has {what} outside [0, 1]: {count} of {array.size} are {word}; replace them"
            )
    raise UserError(
        f"{name} has {what} outside [0, 1], from {least:g} to {most:g}: {_into_range(least, most)}"
    )


def _check_wide(array: np.ndarray, name: str, cast: str) -> None:
    """Raises `UserError` for wide integers whose most is that of narrower ones: all would be black."""
    most = int(array.max(initial=0))
    if not 0 < most < 2 ** (8 * array.itemsize - 8):
        return
    narrow = next((each for each in (np.uint8, np.uint16) if most <= np.iinfo(each).max), None)
    advice = cast.format(np.dtype(narrow)) if narrow else "divide by the largest possible value"
    raise UserError(
        f"{name} has type {array.dtype} and numbers from {int(array.min())} to {most}, of which nobody "
        f"knows what is white: {advice}"
    )


def _into_range(least: float, most: float) -> str:
    if least < 0:
        return "add 1 and divide by 2" if least >= -1 and most <= 1 else "bring them into [0, 1]"
    usual = next((each for each in (255, 65535) if most <= each), None)
    return f"divide by {usual}" if usual else "divide by the largest possible value"


def _of_pillow(image: Image.Image, name: str) -> np.ndarray:
    if 0 in image.size:
        raise UserError(f"{name} has no pixels: its size is {image.width}x{image.height}")
    with told(name):
        check_format(image)
        try:
            image.load()
        except (ValueError, AssertionError) as error:
            # Pillow asserts that a file which it has not read yet is open.
            if "closed" not in str(error) and getattr(image, "fp", image) is not None:
                raise
            raise UnreadableError("is closed: open it again") from None
        samples = samples_of(image)
        alpha = None if samples.alpha is None else to_unit_floats(samples.alpha, name)
        return laid_over_white(to_unit_floats(to_srgb(samples), name), alpha)


def _how_to_turn(shape: tuple[int, ...]) -> str:
    """For pictures as PyTorch has them: how they become such as these."""
    if len(shape) == 4 and shape[0] == 1:
        inner = _how_to_turn(shape[1:])
        return "; take the first of the batch, image[0]" + (f", and{inner[1:]}" if inner else "")
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        return (
            "; put the channels last, with image.permute(1, 2, 0) or numpy.moveaxis(image, 0, -1)"
        )
    return ""
