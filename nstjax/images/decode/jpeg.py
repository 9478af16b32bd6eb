"""JPEG: reduced while it is decoded, refused where a part is missing, read where only its end is."""

import io
import math
import re
import struct
from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
from PIL import Image, ImageChops
from PIL.Image import Resampling

START, END = b"\xff\xd8", b"\xff\xd9"
NARROW = 64  # pixels: a picture so narrow stays, for it is small, and its size may have to be told
NO_LENGTH = (0x01, *range(0xD0, 0xDA))  # markers that nothing belongs to
PROGRESSIVE = (0xC2, 0xCA)
FRAMES = (0xC0, 0xC1, 0xC9, *PROGRESSIVE)
SCAN, END_OF_IMAGE, RESTART_INTERVAL = 0xDA, END[1], 0xDD
RESTARTS = [bytes([0xFF, 0xD0 + n]) for n in range(8)]
NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
MISSING = "its end is missing, and with it a part of the picture"


def loaded_jpeg(file: IO[bytes], long_side: int | None = None) -> tuple[Image.Image, bool]:
    """The picture of a JPEG file, and whether the end of the file is there.

    It is decoded to 1/2, 1/4 or 1/8 where its long side stays `long_side`.

    Raises `ValueError` where a part of the picture is missing, and what Pillow raises for damage.
    """
    file.seek(0)
    content = file.read()
    if _has_end(content):
        image = _decoded(file, long_side)
        # Twice the work, so only where something tells of it.
        if _ends_in_filler(image) or (
            _is_progressive(content) and _lacks_scans(_segments(content))
        ):
            _check_whole(content)
        return image, True
    # Zeros are what a download has that was given its whole length before its bytes.
    content = content.rstrip(b"\0").rstrip(b"\xff")
    if _lacks_scans(_segments(content)):
        raise ValueError(MISSING)
    _check_whole(content)
    return _decoded(io.BytesIO(content + END), long_side), False


def _decoded(file: IO[bytes], long_side: int | None) -> Image.Image:
    file.seek(0)
    image = Image.open(file)
    width, height = image.size
    factor = 1.0 if long_side is None else long_side / max(width, height)
    wanted = math.ceil(factor * width), math.ceil(factor * height)
    if factor >= 1 or min(wanted) < NARROW:
        image.load()
        return image
    drafted = image.draft(None, wanted)  # type: ignore[attr-defined,arg-type]
    image.load()
    box = drafted[1] if drafted else (0, 0, *image.size)
    # Of the last column and row only a part may be of the picture.
    return image if box[2:] == image.size else image.resize(image.size, Resampling.LANCZOS, box)


def _has_end(content: bytes) -> bool:
    # Nearly always it is the last of the file, which is seen without searching the coded data.
    return content.endswith(END) or any(each[0] == END_OF_IMAGE for each in _segments(content))


def _is_progressive(content: bytes) -> bool:
    return next((each[0] for each in _segments(content) if each[0] in FRAMES), None) in PROGRESSIVE


def _ends_in_filler(image: Image.Image) -> bool:
    """Whether the last pixel is as libjpeg leaves what it found no data of: the middle of the range."""
    pixel = np.asarray(image.crop((image.width - 1, image.height - 1, image.width, image.height)))
    return bool((np.abs(pixel.astype(int) - 128) <= 1).all())


def _check_whole(content: bytes) -> None:
    """Raises `ValueError` where the decoder wants more than there is in front of the end.

    What it takes from there then shows in the picture, however little it is.
    """
    segments = list(_segments(content))
    restarts = any(marker == RESTART_INTERVAL for marker, *_ in segments)
    content = content[
        : next((place for marker, _, place in segments if marker == END_OF_IMAGE), None)
    ]
    fills = [b"", _noise(0, restarts=restarts), _noise(1, restarts=restarts)]
    images = [Image.open(io.BytesIO(content + fill + END)) for fill in fills]
    if any(
        ImageChops.difference(images[0], other).getbbox(alpha_only=False) for other in images[1:]
    ):
        raise ValueError(MISSING)


def _noise(seed: int, *, restarts: bool) -> bytes:
    """Coded data of no picture; with restart markers, of which the decoder waits for some one."""
    noise = np.random.default_rng(seed).integers(0, 255, 4096, np.uint8).tobytes()
    return noise + b"".join(marker + noise[:256] for marker in 2 * RESTARTS) * restarts


def _lacks_scans(segments: Iterable[tuple[int, bytes, int]]) -> bool:
    """Whether some bits of some color are in none of the scans."""
    missing: dict[int, list[int]] = {}
    for marker, segment, _ in segments:
        if marker in FRAMES:
            missing = {name: [1] * 64 for name in segment[6::3]}
        elif marker == SCAN and len(segment) >= 4 + 2 * segment[0]:
            colors = segment[1 : 1 + 2 * segment[0] : 2]
            first, last, bits = segment[1 + 2 * segment[0] :][:3]
            for color in colors:
                if color in missing:
                    missing[color][first : last + 1] = [bits & 15] * (last + 1 - first)
    return not missing or any(map(any, missing.values()))


def _segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The markers of the first picture: what belongs to each, without coded data, and its place."""
    place = len(START)
    while found := NEXT_MARKER.search(content, place):
        marker = content[found.end() - 1]
        place = found.end()
        if marker == END_OF_IMAGE:
            yield marker, b"", found.start()
            return
        if marker not in NO_LENGTH and place + 2 <= len(content):
            (length,) = struct.unpack_from(">H", content, place)
            yield marker, content[place + 2 : place + length], found.start()
            place += max(length, 2)
