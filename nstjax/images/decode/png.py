"""PNG, where Pillow keeps 8 bits of 16, mistakes a transparent color, and refuses long texts."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import IO

import numpy as np
from PIL import Image

from nstjax.images.decode.samples import Samples, UnreadableError, samples_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
COMMENT_KEY = "nstjax"  # of the text that is our own
LONGEST = 1 << 20  # what Pillow reads of one text or profile
MOST_COMPRESSED = 1100  # to one; deflate has 258 bytes in two bits at best
MOST_PROFILE = 64 << 20
# Of Pillow's ways to take 16 bits apart, those that keep the low bytes and not the high ones.
LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}
GRAY_AND_ALPHA, AS_BYTES = "LA;16B", "RGBA"


def samples_of_png(image: Image.Image, file: IO[bytes], way: str) -> Samples:
    """What a loaded PNG holds, at its full depth.

    Args:
        image: as Pillow loaded it.
        file: where from.
        way: how its bytes are pixels, by Pillow's names: `way_of` before it was loaded.
    """
    key = image.info.get("transparency")
    if way in ("L;2", "L;4") and isinstance(key, int):
        image.info["transparency"] = key * (255 // (2 ** int(way[-1]) - 1))  # as its grays are
    words = None
    if getattr(image, "n_frames", 1) == 1 and way in (*LOW_BYTES, GRAY_AND_ALPHA):
        words = _words(image, file, way)
    return samples_of(image, words)


def check_claim(image: Image.Image, file: IO[bytes]) -> None:
    """Raises `UnreadableError` where an opened file is too small for its pixels, were they bits."""
    size = file.seek(0, io.SEEK_END)
    width, height = image.size
    if width * height > 8 * MOST_COMPRESSED * size:
        raise UnreadableError(f"is damaged: it has {size} bytes for {width}x{height} pixels")


def way_of(image: Image.Image) -> str:
    """How the bytes of an opened picture are pixels."""
    tiles = getattr(image, "tile", ())
    return str(tiles[0][3]) if len(tiles) == 1 else ""


def _words(image: Image.Image, file: IO[bytes], way: str) -> np.ndarray:
    """Pixels `(H, W, channels)`, uint16."""
    if way == GRAY_AND_ALPHA:
        return _loaded(file, AS_BYTES).view(">u2").astype(np.uint16)
    return np.asarray(image).astype(np.uint16) << 8 | _loaded(file, LOW_BYTES[way])


def _loaded(file: IO[bytes], way: str) -> np.ndarray:
    file.seek(0)
    with Image.open(file) as image:
        name, box, offset, _ = image.tile[0]  # type: ignore[attr-defined]
        image.tile = [(name, box, offset, way)]  # type: ignore[attr-defined]
        image.load()
        return np.asarray(image)


def without_long_texts(content: bytes) -> tuple[bytes, bytes]:
    """A PNG file without what Pillow refuses in it, and its profile, where that was too long.

    Raises `UnreadableError` for a profile that would fill the memory.
    """
    kept, profile = [SIGNATURE], b""
    for kind, data, whole in _chunks(content):
        if kind == b"iCCP" and len(data) > 0:
            packed = data[data.find(b"\0") + 2 :]
            unpacked = zlib.decompressobj().decompress(packed, MOST_PROFILE + 1)
            if len(unpacked) > MOST_PROFILE:
                raise UnreadableError(f"has a color profile of over {MOST_PROFILE >> 20} MiB")
            if len(unpacked) >= LONGEST:
                profile = unpacked
                continue
        if kind in TEXTS and not (
            data.startswith(f"{COMMENT_KEY}\0".encode()) and len(data) < LONGEST
        ):
            continue
        kept.append(whole)
    return b"".join(kept), profile


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The kind of each chunk, what it holds, and all of it; up to where the file ends."""
    place = len(SIGNATURE)
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 12 + length
        yield kind, content[place + 8 : end - 4], content[place:end]
        place = end
