"""Photographs for `normalize`, at the size at which the networks were trained."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weights_tools import files
from weights_tools.errors import WeightsError

if TYPE_CHECKING:
    from PIL import Image

# The shorter side, as in Simonyan and Zisserman 2014, section 3.1 (S = 256).
SHORTER_SIDE = 256
# What is taken from a folder; a file that is named is tried whatever its name.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif")

# Of Pillow's modes, those that are colors in bytes.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
BITS_OF_SAMPLE, NEW_SUBFILE_TYPE, DNG_VERSION = 258, 254, 50706  # tags of TIFF


def find_pictures(paths: Sequence[str]) -> list[Path]:
    """Return the files that `paths` name; of a folder, all pictures in it, by name.

    Raises:
        WeightsError: a path does not exist, or a folder holds no picture.
    """
    found: list[Path] = []
    for path in map(files.expanded, paths):
        if not path.is_dir():
            found.append(files.require_file(path))
            continue
        try:
            members = sorted(path.iterdir())
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {files.reason(error)}") from None
        inside = [each for each in members if each.suffix.lower() in SUFFIXES and each.is_file()]
        if not inside:
            raise WeightsError(
                f"{path} holds no picture ({', '.join(SUFFIXES)}): give a folder of photographs"
            )
        found += inside
    return found


def read_pictures(paths: Sequence[Path]) -> Iterator[np.ndarray]:
    """Yield each picture as sRGB in [0, 1], `(H, W, 3)`, its shorter side `SHORTER_SIDE` pixels.

    Raises:
        WeightsError: a file that is no picture, or whose longer side is over 16 times its shorter.
    """
    for path in paths:
        yield _read(path)


def _read(path: Path) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        # A warning of Pillow's is about damage or size, and both are errors here.
        with warnings.catch_warnings(action="error"), Image.open(path) as image:
            if max(image.size) > 16 * min(image.size):
                raise WeightsError(f"{path} is {image.size}: a picture so narrow is no photograph")
            if not _is_converted_rightly(image):
                raise WeightsError(
                    f"{path} is no photograph of 8 bits a channel: save it as JPEG, or leave it out"
                )
            picture = ImageOps.exif_transpose(image).convert("RGB")
            factor = SHORTER_SIDE / min(picture.size)
            width, height = (max(1, round(factor * side)) for side in picture.size)
            resized = picture.resize((width, height), Image.Resampling.LANCZOS)
            return np.asarray(resized, np.float32) / 255
    except WeightsError:
        raise
    # SyntaxError is what Pillow raises for a damaged PNG.
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        raise WeightsError(
            f"{path} is no picture that can be read: {files.reason(error)}; leave it out"
        ) from None


def _is_converted_rightly(image: Image.Image) -> bool:
    """Whether Pillow makes RGB of a picture: others become white or noise, without a word."""
    tags = getattr(image, "tag_v2", {})  # of a TIFF, as cameras' raw files are
    is_deep = max(tags.get(BITS_OF_SAMPLE, (1,))) > 8
    is_small = tags.get(NEW_SUBFILE_TYPE, 0) & 1 or DNG_VERSION in tags
    return image.mode in MODES and not is_deep and not is_small
