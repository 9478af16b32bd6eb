"""Picture files of any kind to pixels."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from nstjax.images.decode.damage import told
from nstjax.images.decode.loading import loaded
from nstjax.images.decode.profiles import to_srgb
from nstjax.images.decode.samples import RAW, Samples, UnreadableError
from nstjax.images.decode.tiff import is_tiff, read_tiff, tiff_exif
from nstjax.images.files.exif import kept_exif
from nstjax.images.files.opening import opened_file
from nstjax.images.pixels import laid_over_white, to_unit_floats

SPARE = 4  # times the size of use: how large a reduced picture is at least
# Of cameras' raw files that begin as TIFFs do.
RAW_ENDINGS = (
    *(".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".k25", ".kdc", ".mef", ".mos"),
    *(".nef", ".nrw", ".pef", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw"),
)


@dataclass(frozen=True)
class Picture:
    """What a picture file holds."""

    pixels: np.ndarray  # (H, W, 3), float32 sRGB in [0, 1]; alpha is laid over white
    alpha: np.ndarray | None  # (H, W), float32 in [0, 1], where the file has such a channel
    exif: bytes  # what a painting keeps of it, as `kept_exif` says; empty if there is none
    remarks: tuple[str, ...] = ()  # what is wrong with the file, in words that follow its name


def read(path: str | Path, *, long_side: int | None = None) -> np.ndarray:
    """Pixels `(H, W, 3)`, float32 sRGB in [0, 1], upright as the camera held it.

    Gray, palette, alpha (over white), CMYK, CIE Lab and every depth are converted; an embedded color
    profile is applied, so that the numbers are sRGB whatever the file's color space was. Of an
    animation the first frame is read, and of a file of several pictures the first.

    Args:
        path: a file, or a pipe that one comes through.
        long_side: how large the picture will be used. A JPEG that is at least eight times as long is
            reduced while it is decoded, to four times as long or more, which takes less memory and
            changes what is made of it by 3/255 at most. None: it is read as it is.

    Raises `UserError` where the file is missing, empty, damaged, or no picture that is read rightly.
    """
    return read_picture(path, long_side=long_side).pixels


def read_picture(path: str | Path, *, long_side: int | None = None) -> Picture:
    """The pixels of `read`, and what a painting of them takes along: alpha and EXIF.

    Raises `UserError` where `read` does.
    """
    with opened(path) as file:
        samples, load_exif, remarks = _decoded(path, file, long_side)
        pixels = to_unit_floats(to_srgb(samples), str(path))
        alpha = samples.alpha
        if alpha is not None:
            alpha = to_unit_floats(alpha, f"the alpha of {path}")
        return Picture(laid_over_white(pixels, alpha), alpha, kept_exif(load_exif), remarks)


def read_values(path: str | Path) -> np.ndarray:
    """The numbers in the file, upright: for pictures that are no photographs, such as masks.

    No color profile is applied, and alpha is laid over nothing.

    Returns: `(H, W)` of gray, unsigned integers or floats; `(H, W, 3)` or `(H, W, 4)` of color or of
        what has alpha, uint8.

    Raises `UserError` where `read` does, but for floats of any range.
    """
    with opened(path) as file:
        samples, _, _ = _decoded(path, file, None)
        if samples.alpha is None and samples.color.shape[-1] == 1:
            return samples.color[..., 0]
        color = _to_bytes(to_srgb(Samples(samples.color, samples.space)), str(path))
        color = np.broadcast_to(color, (*color.shape[:2], 3))
        if samples.alpha is None:
            return color
        alpha = _to_bytes(samples.alpha, str(path))
        return np.concatenate([color, alpha[..., np.newaxis]], axis=-1)


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """The picture file; what goes wrong with it is told in one line.

    Raises `UserError` where the file is missing, empty, damaged or no picture.
    """
    with opened_file(path) as file, told(str(path)):
        yield file


def _decoded(
    path: str | Path, file: IO[bytes], long_side: int | None
) -> tuple[Samples, Callable[[], Image.Exif], tuple[str, ...]]:
    """What a picture holds, what loads its EXIF, and what is to be said of it."""
    if is_tiff(file):
        if Path(path).suffix.lower() in RAW_ENDINGS:
            raise UnreadableError(RAW)
        return read_tiff(file), lambda: tiff_exif(file), ()
    found = loaded(file, None if long_side is None else SPARE * long_side)
    return found.samples(), found.image.getexif, found.remarks


def _to_bytes(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    return (to_unit_floats(values, name) * 255 + 0.5).astype(np.uint8)
