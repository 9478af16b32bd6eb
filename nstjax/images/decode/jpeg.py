"""JPEG: reduced while it is decoded, and read where only its end is missing."""

import io
import math
import re
import struct
from collections.abc import Iterator
from typing import IO

import numpy as np
from PIL import Image
from PIL.Image import Resampling

END = b"\xff\xd9"
# Data of no picture: where some of one is missing, its place shows.
NOISE = np.random.default_rng(0).integers(0, 255, 4096, np.uint8).tobytes()
MOST_LOST = 0.01  # of the pixels
NO_LENGTH = (0x01, *range(0xD0, 0xDA))  # markers that nothing belongs to
FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
SCAN = 0xDA
NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def loaded_jpeg(file: IO[bytes], long_side: int | None = None) -> Image.Image:
    """The picture of a JPEG file, decoded to 1/2, 1/4 or 1/8 where its long side stays `long_side`."""
    file.seek(0)
    image = Image.open(file)
    width, height = image.size
    factor = 1.0 if long_side is None else long_side / max(width, height)
    if factor >= 1:
        image.load()
        return image
    wanted = math.ceil(factor * width), math.ceil(factor * height)
    drafted = image.draft(None, wanted)  # type: ignore[attr-defined,arg-type]
    image.load()
    box = drafted[1] if drafted else (0, 0, *image.size)
    # Of the last column and row only a part may be of the picture.
    return image if box[2:] == image.size else image.resize(image.size, Resampling.LANCZOS, box)


def loaded_without_end(file: IO[bytes], long_side: int | None) -> Image.Image:
    """A picture whose file ends too early, where nearly all of it is there.

    Raises `ValueError` where it is not.
    """
    file.seek(0)
    content = file.read().rstrip(b"\xff")
    _check_scans(content)
    image, other = (
        loaded_jpeg(io.BytesIO(content + more + END), long_side) for more in (b"", NOISE)
    )
    differs = np.asarray(image) != np.asarray(other)
    lost = (differs.any(axis=-1) if differs.ndim == 3 else differs).mean()
    if lost > MOST_LOST:
        raise ValueError("its end is missing, and with it a part of the picture")
    return image


def _check_scans(content: bytes) -> None:
    """Raises `ValueError` where scans are missing: each has some bits of some colors."""
    missing: dict[int, list[int]] = {}
    for marker, segment in _segments(content):
        if marker in FRAMES:
            missing = {name: [1] * 64 for name in segment[6::3]}
        elif marker == SCAN and segment:
            colors = segment[1 : 1 + 2 * segment[0] : 2]
            first, last, bits = segment[1 + 2 * segment[0] :][:3]
            for color in colors:
                missing[color][first : last + 1] = [bits & 15] * (last + 1 - first)
    if not missing or any(map(any, missing.values())):
        raise ValueError("its end is missing, and with it a part of the picture")


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The markers of a JPEG file and what belongs to each, without the coded data."""
    place = 2
    while found := NEXT_MARKER.search(content, place):
        marker = content[found.end() - 1]
        place = found.end()
        if marker not in NO_LENGTH and place + 2 <= len(content):
            (length,) = struct.unpack_from(">H", content, place)
            yield marker, content[place + 2 : place + length]
            place += max(length, 2)
