"""Pixels to picture files, with alpha, EXIF, color profile and a text of our own."""

import io
import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from nstjax.errors import UserError
from nstjax.files import check_place, write_whole
from nstjax.images.arrays import to_array
from nstjax.images.decode.png import COMMENT_KEY
from nstjax.images.decode.profiles import SRGB_PROFILE
from nstjax.images.files.encode import Beside
from nstjax.images.files.exif import Part, pack_exif
from nstjax.images.files.formats import EIGHT, FORMATS, SIXTEEN, encoder_of, format_of
from nstjax.images.pixels import to_bytes, to_unit_floats, to_words
from nstjax.images.resize import resize


def check_writable(path: str | Path, bit_depth: int = EIGHT, long_side: int = 0) -> None:
    """Raises `UserError` where `write` could not write: so that nobody waits for a lost picture.

    Args:
        path: as for `write`.
        bit_depth: as for `write`.
        long_side: of the picture to come, in pixels; formats have limits.
    """
    path = Path(path)
    format_of(path, bit_depth, long_side)
    check_place(path)


def write(
    path: str | Path,
    pixels: ArrayLike,
    *,
    alpha: np.ndarray | None = None,
    exif: bytes = b"",
    comment: str = "",
    bit_depth: int = EIGHT,
) -> tuple[Part, ...]:
    """Writes pixels `(H, W, 3)` in [0, 1] as sRGB, tagged as such, in the format of the file's name.

    The file appears complete or not at all, and an older one is lost only then: what was written is
    read back first. A symbolic link stays, and what it leads to is replaced.

    Args:
        path: PNG, JPEG, TIFF, and WebP and AVIF where Pillow has them.
        pixels: the picture, floats in [0, 1] or unsigned integers over their whole range.
        alpha: `(h, w)` in [0, 1], resized to the picture's size; JPEG has no room for it.
        exif: what `read_picture` found.
        comment: ASCII text that `read_comment` finds: in PNG's text chunk `nstjax`, elsewhere in
            EXIF's UserComment.
        bit_depth: of a channel: 8, or 16 in PNG and TIFF.

    Returns: which of `exif` and `comment` is not in the file. JPEG has 64 KiB for both: where they are
    longer, the EXIF goes first.

    Raises `UserError` where the folder or the name does not do, the disk is full, or the numbers are
    out of range.
    """
    path = Path(path)
    name = format_of(path, bit_depth)
    values = to_array(pixels, "pixels")
    if not values.size:
        raise UserError(f"pixels has shape {values.shape}: give (height, width, 3)")
    values = to_unit_floats(values, "pixels")
    if alpha is not None and FORMATS[name].alpha:
        resized = resize(to_unit_floats(alpha, "alpha")[..., np.newaxis], *values.shape[:2])
        values = np.concatenate([values, resized], axis=-1)
    whole = to_words(values) if bit_depth == SIXTEEN else to_bytes(values)
    texts, in_exif = ({COMMENT_KEY: comment}, "") if name == "PNG" else ({}, comment)
    packed = pack_exif(exif, in_exif, *values.shape[:2], most_bytes=FORMATS[name].exif_bytes)
    beside = Beside(texts, packed.exif, SRGB_PROFILE)
    # In memory: Pillow's encoders of files do not tell of a full disk.
    encoded = io.BytesIO()
    try:
        encoder_of(name, bit_depth)(encoded, whole, beside)
        # Of larger ones Pillow warns, and then refuses them.
        if values.shape[0] * values.shape[1] <= (Image.MAX_IMAGE_PIXELS or math.inf):
            _check_decodes(encoded)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    write_whole(path, encoded.getvalue())
    return packed.left_out


def _check_decodes(encoded: io.BytesIO) -> None:
    """Raises `OSError` for what an encoder has left unfinished without a word."""
    try:
        with Image.open(encoded) as image:
            image.load()
    except Exception as error:  # Pillow's plugins report damage by every kind of exception
        raise OSError(f"the encoder made a damaged file ({error})") from None
