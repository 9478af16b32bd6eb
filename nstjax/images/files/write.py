"""Pixels to picture files, with alpha, EXIF, color profile and a text of our own."""

import contextlib
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.files import replaced
from nstjax.images.files.comment import COMMENT_KEY
from nstjax.images.files.encode import Beside
from nstjax.images.files.exif import pack_exif
from nstjax.images.files.formats import EIGHT, FORMATS, SIXTEEN, encoder_of, format_of
from nstjax.images.files.profile import SRGB_PROFILE
from nstjax.images.pixels import to_bytes, to_words
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
    if os.path.isdir(path):
        raise UserError(f"cannot write {path}: it is a folder")
    try:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(path)  # refuses a name that is too long
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror} in {path.parent.absolute()}; choose another folder"
        ) from None


def write(
    path: str | Path,
    pixels: ArrayLike,
    *,
    alpha: np.ndarray | None = None,
    exif: bytes = b"",
    comment: str = "",
    bit_depth: int = EIGHT,
) -> None:
    """Writes pixels `(H, W, 3)` in [0, 1] as sRGB, tagged as such, in the format of the file's name.

    Atomic: the file appears complete or not at all, and an older one is lost only then.

    Args:
        path: PNG, JPEG, TIFF, and WebP and AVIF where Pillow has them.
        pixels: the picture.
        alpha: `(h, w)` in [0, 1], resized to the picture's size; JPEG has no room for it.
        exif: what `read_picture` found.
        comment: ASCII text that `read_comment` finds: in PNG's text chunk `nstjax`, elsewhere in
            EXIF's UserComment.
        bit_depth: of a channel: 8, or 16 in PNG and TIFF.

    Raises `UserError` where the folder or the name does not do.
    """
    path = Path(path)
    check_writable(path, bit_depth)
    name = format_of(path, bit_depth)
    values = np.asarray(pixels)
    if alpha is not None and FORMATS[name].alpha:
        resized = resize(alpha[..., np.newaxis], *values.shape[:2])
        values = np.concatenate([values, resized], axis=-1)
    whole = to_words(values) if bit_depth == SIXTEEN else to_bytes(values)
    texts, in_exif = ({COMMENT_KEY: comment}, "") if name == "PNG" else ({}, comment)
    beside = Beside(texts, pack_exif(exif, in_exif, *values.shape[:2]), SRGB_PROFILE)
    with replaced(path) as file:
        encoder_of(name, bit_depth)(file, whole, beside)
