"""What picture files can be written: by their names, as Pillow has them here."""

import functools
import typing
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from nstjax.errors import UserError
from nstjax.images.files.encode import ENCODERS, Beside, png_options

BitDepth = Literal[8, 16]  # bits of a channel
EIGHT, SIXTEEN = typing.get_args(BitDepth)


class Format(NamedTuple):
    """How a kind of file is written."""

    options: dict[str, Any] | None  # what Pillow is asked for; None: ours writes it at any depth
    alpha: bool = True  # whether it holds an alpha channel
    longest: int = 2**31  # pixels of a side
    exif_bytes: int = 2**31  # at most


JPEG_SEGMENT = 65_533  # bytes

# By Pillow's names. The color resolution is kept everywhere, since painted strokes need it: lossy WebP
# always halves it.
FORMATS = {
    "PNG": Format({}),
    "JPEG": Format(
        {"quality": 95, "subsampling": 0}, alpha=False, longest=65500, exif_bytes=JPEG_SEGMENT
    ),
    "TIFF": Format(None),
    "WEBP": Format({"lossless": True, "exact": True}, longest=16383),
    "AVIF": Format({"quality": 90, "subsampling": "4:4:4"}, longest=65536),
}


@functools.cache
def endings() -> dict[str, str]:
    """The format of each ending of a file name that this Pillow writes."""
    Image.init()
    known = Image.registered_extensions().items()
    found = {ending: name for ending, name in known if name in FORMATS and name in Image.SAVE}
    return dict(sorted(found.items(), key=lambda each: list(FORMATS).index(each[1])))


def format_of(path: Path, bit_depth: int, long_side: int = 0) -> str:
    """Pillow's name of the format that a file's name asks for.

    Raises `UserError` where it cannot be written here, has no such depth, or is not for such sizes.
    """
    name = endings().get(path.suffix.lower())
    if name is None:
        raise UserError(
            f"cannot write {path}: give a file name ending in {', '.join(endings())}, "
            "which Pillow writes here"
        )
    if bit_depth not in (EIGHT, SIXTEEN):
        raise UserError(f"bit_depth is {bit_depth}: use {EIGHT} or {SIXTEEN}")
    if bit_depth == SIXTEEN and name not in ENCODERS:
        deep = [ending for ending, found in endings().items() if found in ENCODERS]
        raise UserError(
            f"cannot write {path} with 16 bits: give a file name ending in {', '.join(deep)}, "
            f"or a bit depth of {EIGHT}"
        )
    if long_side > FORMATS[name].longest:
        raise UserError(
            f"cannot write {path}: {name} holds at most {FORMATS[name].longest} pixels a side and the "
            f"picture has {long_side}: choose PNG or TIFF"
        )
    return name


def encoder_of(name: str, bit_depth: int) -> Callable[[IO[bytes], np.ndarray, Beside], None]:
    """What writes `(H, W, 3 or 4)` of a depth in a format: Pillow where it can, else ours."""
    options = FORMATS[name].options
    if bit_depth == SIXTEEN or options is None:
        return ENCODERS[name]

    def encode(file: IO[bytes], values: np.ndarray, beside: Beside) -> None:
        if name == "PNG":
            about = png_options(beside)
        else:
            about = {"exif": beside.exif, "icc_profile": beside.profile}
        Image.fromarray(values).save(file, format=name, **options, **about)

    return encode
