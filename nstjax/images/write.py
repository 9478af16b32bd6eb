"""Pixels to PNG and JPEG files."""

import contextlib
import os
import tempfile
import uuid
from pathlib import Path

from numpy.typing import ArrayLike
from PIL import Image

from nstjax.errors import UserError
from nstjax.images.pixels import to_bytes

# What Pillow is asked for, by file name. JPEG keeps its color resolution: painted strokes need it.
FORMATS = {
    ".png": {"format": "PNG"},
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": 0},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": 0},
}


def check_writable(path: str | Path) -> None:
    """Raises `UserError` where `write` could not write: so that nobody waits for a lost picture."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"cannot write {path}: give a file name ending in {', '.join(FORMATS)}")
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


def write(path: str | Path, pixels: ArrayLike) -> None:
    """Writes pixels `(H, W, 3)` in [0, 1] as 8-bit sRGB, in the format of the file's name.

    Atomic: the file appears complete or not at all, and an older one is lost only then.

    Raises `UserError` where the folder or the name does not do.
    """
    path = Path(path)
    check_writable(path)
    # Beside the target, so that the last move is atomic; a name that no one else has.
    temporary = path.with_name(f".nstjax-{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            Image.fromarray(to_bytes(pixels)).save(file, **FORMATS[path.suffix.lower()])
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
