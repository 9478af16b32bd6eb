"""A picture as its file has it: what Pillow loaded, taken apart without losing depth or alpha."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageOps
from PIL.ExifTags import Base

GRAY, RGB, CMYK, LAB = "GRAY", "RGB ", "CMYK", "Lab "  # as ICC.1 writes color spaces
RAW = "is a camera's raw file: develop it first, to TIFF or JPEG"
SCIENTIFIC = "whose numbers are no gray levels: save it as PNG or TIFF first"
# By Pillow's names, what it opens and then gives the wrong numbers of, or none.
UNREAD = {
    **dict.fromkeys(("FITS", "MCIDAS", "SPIDER", "GRIB", "BUFR", "HDF5"), SCIENTIFIC),
    **dict.fromkeys(("MPEG", "WMF"), "which is not read: save it as PNG first"),
}
# Formats that have integers of 16 bits where Pillow's mode says 32.
SIXTEEN_BITS = ("PNG", "PPM", "TIFF", "JPEG2000")
ON_ITS_SIDE = (5, 6, 7, 8)  # orientations in EXIF that change height and width
PROFILE_SPACE = slice(16, 20)  # of a profile: the color space that it is about


class UnreadableError(Exception):
    """Why a picture cannot be read, in words that follow its name."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Numbers of a picture, upright."""

    # (H, W, 1, 3 or 4): unsigned integers over their whole range, or floats of which 1 is the most. In
    # CMYK that is all ink. In Lab it is lightness 100, and a and b are (a + 128) / 255.
    color: np.ndarray
    space: str  # of the color
    alpha: np.ndarray | None = None  # (H, W), of the same kind; the color is not multiplied by it
    profile: bytes = b""  # of the color (ICC), where the file has one of its own color space


def check_format(image: Image.Image) -> None:
    """Raises `UnreadableError` for a picture of a format that Pillow opens and does not read rightly."""
    if image.format in UNREAD:
        raise UnreadableError(f"is {image.format}, {UNREAD[image.format]}")


def samples_of(image: Image.Image, words: np.ndarray | None = None) -> Samples:
    """What a picture of any of Pillow's modes holds.

    Args:
        image: any picture; its EXIF says how it is turned.
        words: its pixels `(H, W, channels)`, uint16, of files of whose depth Pillow keeps half.

    Raises `UnreadableError` for integers that have no range, and what Pillow raises for damage.
    """
    profile = image.info.get("icc_profile") or b""
    key = image.info.get("transparency")
    if words is None:
        found = _of_mode(_upright(image), image.format)
    else:
        found = _channels(oriented(words, orientation_of(image)))
    if found.alpha is None and key is not None and image.mode in ("1", "L", "RGB", "I;16"):
        found = replace(found, alpha=_all_but(found.color, key))
    return with_profile(found, profile, has_palette=image.mode in ("P", "PA"))


def unit_floats(values: np.ndarray) -> np.ndarray:
    """Unsigned integers over their whole range as float32 in [0, 1]."""
    floats = values.astype(np.float32)
    floats /= np.float32(np.iinfo(values.dtype).max)
    return floats


def oriented(values: np.ndarray, orientation: int | None) -> np.ndarray:
    """`(H, W, ...)` stored as EXIF's number says, upright."""
    if orientation in ON_ITS_SIDE:
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata do not make a picture unreadable
        return image


def orientation_of(image: Image.Image) -> int | None:
    """EXIF's number for how a picture lies, if it has one."""
    try:
        return image.getexif().get(Base.Orientation)
    except Exception:  # as above
        return None


def _of_mode(image: Image.Image, file_format: str | None) -> Samples:
    mode = image.mode
    if mode.startswith("I;16"):
        return _channels(np.asarray(image).astype(np.uint16)[..., np.newaxis])
    if mode == "I":
        return _channels(_of_integers(np.asarray(image), file_format)[..., np.newaxis])
    if mode == "F":
        return _channels(np.asarray(image)[..., np.newaxis])
    if mode == "CMYK":
        return Samples(np.asarray(image), CMYK)
    if mode == "LAB":
        # Pillow's a and b are signed.
        return Samples(np.asarray(image) ^ np.array([0, 128, 128], np.uint8), LAB)
    if mode in ("1", "L", "RGB"):
        image = image.convert("L" if mode == "1" else mode)
    elif mode in ("La", "LA"):
        image = image.convert("LA")
    elif mode in ("PA", "RGBA", "RGBa") or (mode == "P" and image.has_transparency_data):
        image = image.convert("RGBA")
    else:
        image = image.convert("RGB")
    values = np.asarray(image)
    return _channels(values if values.ndim == 3 else values[..., np.newaxis])


def _of_integers(values: np.ndarray, file_format: str | None) -> np.ndarray:
    """Pillow's mode of 32 bits, a container of what is 16 bits in every common format."""
    least, most = int(values.min()), int(values.max())
    if least < 0 or most > 65535:
        raise UnreadableError(
            f"has 32-bit integers from {least} to {most}, of which nobody knows what is white: "
            "save it with 16 bits"
        )
    if 0 < most <= 255 and file_format not in SIXTEEN_BITS:
        raise UnreadableError(
            f"has 32-bit integers from {least} to {most}, of which nobody knows what is white: "
            "for 0 to 255, image.convert('L')"
        )
    return values.astype(np.uint16)


def _channels(values: np.ndarray) -> Samples:
    """Of gray, gray and alpha, color, or color and alpha."""
    count = values.shape[-1]
    alpha = values[..., -1] if count in (2, 4) else None
    colors = count - (alpha is not None)
    return Samples(values[..., :colors], GRAY if colors == 1 else RGB, alpha)


def _all_but(color: np.ndarray, key: int | tuple[int, ...]) -> np.ndarray:
    """The alpha of a picture in which one color is transparent."""
    is_other = (color != np.asarray(key).reshape(-1)).any(axis=-1)
    return np.where(is_other, np.iinfo(color.dtype).max, 0).astype(color.dtype)


def with_profile(samples: Samples, profile: bytes, *, has_palette: bool = False) -> Samples:
    """With a profile where it is of the color space; one of another says nothing about the colors."""
    space = profile[PROFILE_SPACE].decode("latin-1")
    color = samples.color
    # A palette of grays may have a profile of grays.
    if has_palette and space == GRAY and samples.space == RGB and not np.ptp(color, axis=-1).any():
        samples = replace(samples, color=color[..., :1], space=GRAY)
    return replace(samples, profile=profile if space == samples.space else b"")
