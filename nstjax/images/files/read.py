"""Picture files of any kind that Pillow reads, to pixels."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from nstjax.errors import UserError
from nstjax.images.files.exif import kept_exif
from nstjax.images.files.profile import SRGB_PROFILE
from nstjax.images.pixels import to_pixels


@dataclass(frozen=True)
class Picture:
    """What a picture file holds."""

    pixels: np.ndarray  # (H, W, 3), float32 sRGB in [0, 1]; alpha is laid over white
    alpha: np.ndarray | None  # (H, W), float32 in [0, 1], where the file has such a channel
    exif: bytes  # what a painting keeps of it, as `kept_exif` says; empty if there is none


def read(path: str | Path) -> np.ndarray:
    """Pixels `(H, W, 3)`, float32 sRGB in [0, 1], upright as the camera held it.

    Gray, palette, alpha (over white), 16 bit and CMYK are converted; an embedded color profile is
    applied to 8-bit pictures, so that the numbers are sRGB whatever the file's color space was. Of an
    animation the first frame is read.

    Raises `UserError` where the file is missing, empty, damaged or no picture.
    """
    return read_picture(path).pixels


def read_picture(path: str | Path) -> Picture:
    """The pixels of `read`, and what a painting of them takes along: alpha and EXIF.

    Raises `UserError` where `read` does.
    """
    with opened(path) as image:
        array = _to_array(_to_srgb(_upright(image)))
        pixels = to_pixels(array, str(path))
        has_alpha = array.ndim == 3 and array.shape[-1] == 4
        alpha = array[..., 3] / np.float32(255) if has_alpha else None
        return Picture(pixels, alpha, kept_exif(image))


def read_values(path: str | Path) -> np.ndarray:
    """The numbers in the file, upright: for pictures that are no photographs, such as masks.

    No color profile is applied, and alpha is laid over nothing.

    Returns: `(H, W)`, `(H, W, 3)` or `(H, W, 4)`, unsigned integers or floats.

    Raises `UserError` where `read` does, but for floats of any range.
    """
    with opened(path) as image:
        return _to_array(_without_palette(_upright(image)))


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Image.Image]:
    """The picture file, loaded by Pillow; what goes wrong with it is told in one line.

    Raises `UserError` where the file is missing, empty, damaged or no picture.
    """
    path = Path(path)
    if not os.path.isfile(path):
        what = "is a folder, not a picture" if os.path.isdir(path) else "does not exist"
        raise UserError(f"{path} {what}: give a picture file such as PNG or JPEG")
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels up and refuses at twice that; large pictures are what
            # this program is for, so only the refusal counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged metadata, which is passed over
            with Image.open(path) as image:
                image.load()
                yield image
    except UserError:
        raise  # it is a ValueError too
    except UnidentifiedImageError:
        raise UserError(f"{path} is not a picture that Pillow reads: give PNG or JPEG") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} is too large to read ({error}): make it smaller first") from None
    except MemoryError:
        raise UserError(f"{path} does not fit the memory: make it smaller first") from None
    except Exception as error:  # Pillow's plugins report damage by every kind of exception
        raise UserError(f"cannot read {path}: {error}; the file may be damaged") from None


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata do not make a picture unreadable
        return image


def _without_palette(image: Image.Image) -> Image.Image:
    """The same with alpha in place of transparent colors."""
    if image.mode == "P" or (image.mode in ("L", "RGB") and "transparency" in image.info):
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image


def _to_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    # Neither a palette nor the one color that is transparent would outlive the conversion.
    image = _without_palette(image)
    if profile == SRGB_PROFILE:
        return image  # written by `write`; converting would round
    if not profile or image.mode not in ("L", "RGB", "RGBA", "CMYK", "LAB"):
        return image
    try:
        return ImageCms.profileToProfile(  # type: ignore[return-value]
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGBA" if image.mode == "RGBA" else "RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a profile that cannot be used says nothing about the colors


def _to_array(image: Image.Image) -> np.ndarray:
    """An array that `to_pixels` takes, without losing the depth of 16-bit gray."""
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.mode == "I":  # 32-bit container of what is 16 bit in every common format
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
    if image.mode == "F":
        return np.asarray(image)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    return np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
