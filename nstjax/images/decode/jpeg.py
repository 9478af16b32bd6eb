"""JPEG: reduced while it is decoded, and read where only its end is missing."""

import io
import re
import struct
from collections.abc import Iterator
from typing import IO

import numpy as np
from PIL import Image

END = b"\xff\xd9"
# Data of no picture: where some of one is missing, its place shows.
NOISE = np.random.default_rng(0).integers(0, 255, 4096, np.uint8).tobytes()
MOST_LOST = 0.01  # of the pixels
NO_LENGTH = (0x01, *range(0xD0, 0xDA))  # markers that nothing belongs to
FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
SCAN = 0xDA
NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def reduce(image: Image.Image, long_side: int) -> None:
    """Has an opened picture decoded to 1/2, 1/4 or 1/8 where its long side stays `long_side` or more."""
    factor = long_side / max(image.size)
    if factor < 1:
        image.draft(None, tuple(max(1, int(np.ceil(factor * side))) for side in image.size))  # type: ignore[attr-defined,arg-type]


def loaded_without_end(file: IO[bytes], long_side: int | None) -> Image.Image:
    """A picture whose file ends too early, where nearly all of it is there.

    Raises `ValueError` where it is not.
    """
    file.seek(0)
    content = file.read().rstrip(b"\xff")
    _check_scans(content)
    image, other = (_loaded(content + more + END, long_side) for more in (b"", NOISE))
    differs = np.asarray(image) != np.asarray(other)
    lost = (differs.any(axis=-1) if differs.ndim == 3 else differs).mean()
    if lost > MOST_LOST:
        raise ValueError("its end is missing, and with it a part of the picture")
    return image


def _loaded(content: bytes, long_side: int | None) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    if long_side is not None:
        reduce(image, long_side)
    image.load()
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
