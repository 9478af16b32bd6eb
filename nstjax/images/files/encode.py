"""Files that Pillow cannot write whole, by those of its parts that can.

It has no mode of 16 bits a color, and its compressed TIFF (libtiff) takes no EXIF. Its chunks
and directories do both; the pixels are differences, deflated, as the two standards have it.
"""

import io
import zlib
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin
from PIL.ExifTags import IFD

from nstjax.images.decode.png import SIGNATURE
from nstjax.images.decode.tiff_colors import IS_RGB, UNASSOCIATED
from nstjax.images.decode.tiff_segments import DEFLATE, DIFFERENCES
from nstjax.images.files.exif import typed


class Beside(NamedTuple):
    """What a file holds beside its pixels."""

    texts: dict[str, str]  # by key: PNG's chunks; elsewhere they are in the EXIF
    exif: bytes
    profile: bytes  # of the colors (ICC)


PNG_COLOR, PNG_COLOR_AND_ALPHA = 2, 6
TIFF_CHUNKY = 1


def write_png(file: IO[bytes], words: np.ndarray, beside: Beside) -> None:
    """PNG of uint16 `(H, W, 3 or 4)`; each row as the differences from the row above it."""
    height, width, channels = words.shape
    color = PNG_COLOR_AND_ALPHA if channels == 4 else PNG_COLOR
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([16, color, 0, 0, 0])
    pixel = Image.new("RGB", (1, 1))
    # The chunks beside the pixels are as Pillow writes them for any picture.
    chunks = PngImagePlugin.getchunks(pixel, **png_options(beside))
    file.write(SIGNATURE)
    PngImagePlugin.putchunk(file, b"IHDR", header)
    for name, content, _ in chunks:
        if name not in (b"IHDR", b"IDAT", b"IEND"):
            PngImagePlugin.putchunk(file, name, content)
    PngImagePlugin.putchunk(file, b"IDAT", zlib.compress(_up(words)))
    PngImagePlugin.putchunk(file, b"IEND", b"")


def write_tiff(file: IO[bytes], values: np.ndarray, beside: Beside) -> None:
    """TIFF of uint8 or uint16 `(H, W, 3 or 4)`; each pixel as the difference from the one left of it."""
    height, width, channels = values.shape
    differences = np.diff(values, axis=1, prepend=np.zeros_like(values[:, :1]))  # modulo 2^bits
    strip = zlib.compress(differences.astype(values.dtype.newbyteorder("<")).tobytes())
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    described = Image.Exif()
    described.load(beside.exif)
    for tag in described:
        tags[tag] = described.get_ifd(tag) if tag in (IFD.Exif, IFD.GPSInfo) else described[tag]
    tags[TiffImagePlugin.IMAGEWIDTH] = width
    tags[TiffImagePlugin.IMAGELENGTH] = height
    tags[TiffImagePlugin.BITSPERSAMPLE] = (8 * values.itemsize,) * channels
    tags[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    tags[TiffImagePlugin.COMPRESSION] = DEFLATE[0]
    tags[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = IS_RGB
    tags[TiffImagePlugin.PLANAR_CONFIGURATION] = TIFF_CHUNKY
    tags[TiffImagePlugin.PREDICTOR] = DIFFERENCES
    if channels == 4:
        tags[TiffImagePlugin.EXTRASAMPLES] = UNASSOCIATED
    tags[TiffImagePlugin.ICCPROFILE] = beside.profile
    tags[TiffImagePlugin.ROWSPERSTRIP] = height
    tags[TiffImagePlugin.STRIPBYTECOUNTS] = len(strip)
    # Counted from behind the directory, where the strip is written next.
    tags[TiffImagePlugin.STRIPOFFSETS] = 0
    directory = io.BytesIO()
    tags.save(directory)
    file.write(typed(directory.getvalue(), described.get_ifd(IFD.Exif), "<"))
    file.write(strip)


# By Pillow's names of the formats.
ENCODERS: dict[str, Callable[[IO[bytes], np.ndarray, Beside], None]] = {
    "PNG": write_png,
    "TIFF": write_tiff,
}


def png_options(beside: Beside) -> dict[str, Any]:
    """What Pillow is asked for in a PNG file."""
    info = PngImagePlugin.PngInfo()
    for key, text in beside.texts.items():
        if text:
            info.add_text(key, text)
    return {"pnginfo": info, "exif": beside.exif, "icc_profile": beside.profile}


def _up(words: np.ndarray) -> bytes:
    """PNG's filter 2: bytes minus those above, modulo 256, behind the filter's number in each row."""
    rows = words.astype(">u2").view(np.uint8).reshape(len(words), -1)
    filtered = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))
    return np.pad(filtered, ((0, 0), (1, 0)), constant_values=2).tobytes()
