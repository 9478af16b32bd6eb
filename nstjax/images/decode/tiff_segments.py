"""The strips and tiles of a TIFF: decompressed, their differences summed up, and put together.

Pillow decompresses by libtiff, but has no modes for most depths and kinds of samples: so it is asked
for the bytes only.
"""

import io
import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Literal

import numpy as np
from PIL import TiffImagePlugin

NONE, LZW, PACKBITS, LZMA, ZSTD = 1, 5, 32773, 34925, 50000
DEFLATE = (8, 32946)
COMPRESSIONS = (NONE, LZW, PACKBITS, LZMA, ZSTD, *DEFLATE)
DIFFERENCES, FLOAT_DIFFERENCES = 2, 3
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
MOST_COMPRESSED = 5000  # to one; LZW, the best on one color, has 4096 strings in 12 bits


@dataclass(frozen=True)
class Layout:
    """How a TIFF's samples lie in the file."""

    height: int
    width: int
    channels: int
    bits: int  # of a sample
    kind: int  # of a sample: UNSIGNED, SIGNED or FLOAT
    order: Literal["<", ">"]  # of bytes: "<" or ">"
    is_separate: bool  # each channel has segments of its own
    compression: int
    predictor: int
    fill_order: int  # 2: the lowest bit of a byte comes first
    is_tiled: bool
    segment_height: int
    segment_width: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]  # bytes of each segment; none where that follows from the size

    @property
    def dtype(self) -> np.dtype:
        """The type of NumPy's that holds a sample."""
        whole = next(each for each in (8, 16, 32, 64) if self.bits <= each)
        return np.dtype(f"{'_uif'[self.kind]}{whole // 8}")


def read_segments(file: IO[bytes], layout: Layout) -> np.ndarray:
    """The samples `(H, W, channels)` of `layout.dtype`.

    Raises `ValueError`, or what the decompressor does, for damage.
    """
    planes = layout.channels if layout.is_separate else 1
    channels = layout.channels // planes
    across = -(-layout.width // layout.segment_width)
    down = -(-layout.height // layout.segment_height)
    contents = _contents(file, layout, planes * across * down)
    result = np.empty((layout.height, layout.width, layout.channels), layout.dtype)
    for number, content in enumerate(contents):
        plane, place = divmod(number, across * down)
        top = place // across * layout.segment_height
        left = place % across * layout.segment_width
        rows = layout.segment_height
        if not layout.is_tiled:
            rows = min(rows, layout.height - top)
        segment = _decoded(content, layout, rows, channels)
        part = result[top : top + rows, left : left + layout.segment_width]
        part[..., plane * channels : (plane + 1) * channels] = segment[: len(part), : part.shape[1]]
    return result


def _contents(file: IO[bytes], layout: Layout, count: int) -> Iterator[bytes]:
    """The bytes of each segment."""
    size = file.seek(0, io.SEEK_END)
    whole = layout.height * layout.width * layout.channels * layout.bits // 8
    counts = layout.counts or (whole,) * (count == 1)
    if len(layout.offsets) < count or len(counts) < count:
        raise ValueError(f"it has {len(layout.offsets)} of {count} strips or tiles")
    places = list(zip(layout.offsets[:count], counts[:count], strict=True))
    present = sum(min(length, max(size - offset, 0)) for offset, length in places)
    # A few bytes must not ask for all the memory.
    if present > size or present * MOST_COMPRESSED < whole:
        raise ValueError(f"it has {size} bytes for {whole} of samples")
    for offset, length in places:
        file.seek(offset)
        yield file.read(length)


def _decoded(content: bytes, layout: Layout, rows: int, channels: int) -> np.ndarray:
    """The samples `(rows, segment's width, channels)` of a segment."""
    in_row = layout.segment_width * channels
    row_bytes = -(-in_row * layout.bits // 8)
    if layout.fill_order == 2:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        content = np.packbits(bits).tobytes()
    content = _decompressed(content, layout.compression, rows, row_bytes)[: rows * row_bytes]
    if len(content) < rows * row_bytes:
        raise ValueError(f"{len(content)} of {rows * row_bytes} bytes of a strip or tile are there")
    values = np.frombuffer(content, np.uint8).reshape(rows, row_bytes)
    shape = rows, layout.segment_width, channels
    if layout.predictor == FLOAT_DIFFERENCES:
        return _summed_floats(values, layout.dtype, channels).reshape(shape)
    whole = layout.dtype.newbyteorder(layout.order)
    if layout.bits < 8 * whole.itemsize:
        if layout.predictor == DIFFERENCES:
            raise ValueError(f"differences of {layout.bits} bits are not defined")
        return _unpacked(values, in_row, layout.bits, layout.dtype).reshape(shape)
    values = values.view(whole).astype(layout.dtype).reshape(shape)
    if layout.predictor == DIFFERENCES:
        words = values.view(f"u{whole.itemsize}")  # floats too have the differences of their bits
        values = np.cumsum(words, axis=1, dtype=words.dtype).view(layout.dtype)
    return values


def _unpacked(values: np.ndarray, in_row: int, bits: int, dtype: np.dtype) -> np.ndarray:
    """Samples `(rows, in_row)` from bytes in which they lie one behind the other, highest bit first."""
    each = np.unpackbits(values, axis=1)[:, : in_row * bits].reshape(len(values), in_row, bits)
    whole = np.pad(each, ((0, 0), (0, 0), (8 * dtype.itemsize - bits, 0)))
    return np.packbits(whole, axis=-1).view(dtype.newbyteorder(">"))[..., 0].astype(dtype)


def _summed_floats(values: np.ndarray, dtype: np.dtype, channels: int) -> np.ndarray:
    """Floats `(rows, samples)` of a row's bytes: first all highest bytes, and differences of all.

    Adobe Photoshop TIFF Technical Note 3.
    """
    rows = len(values)
    differences = values.reshape(rows, -1, channels)
    summed = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, dtype.itemsize, -1)
    together = np.ascontiguousarray(summed.swapaxes(1, 2)).reshape(rows, -1)
    return together.view(dtype.newbyteorder(">")).astype(dtype)


def _decompressed(content: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """At least the bytes that are asked for, where they are there."""
    most = rows * row_bytes + 64  # a little more: so the checksum at the end is read, and checked
    if compression == NONE:
        return content
    if compression in DEFLATE:
        return zlib.decompressobj().decompress(content, most)
    if compression == LZMA:
        return lzma.LZMADecompressor().decompress(content, most)
    return _by_libtiff(content, compression, rows, row_bytes)


def _by_libtiff(content: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """Decompressed as the gray picture of 8 bits that has the same bytes."""
    tags = {
        TiffImagePlugin.IMAGEWIDTH: row_bytes,
        TiffImagePlugin.IMAGELENGTH: rows,
        TiffImagePlugin.BITSPERSAMPLE: 8,
        TiffImagePlugin.COMPRESSION: compression,
        TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: 1,
        TiffImagePlugin.STRIPOFFSETS: 0,
        TiffImagePlugin.SAMPLESPERPIXEL: 1,
        TiffImagePlugin.ROWSPERSTRIP: rows,
        TiffImagePlugin.STRIPBYTECOUNTS: len(content),
    }
    start = 8 + 2 + 12 * len(tags) + 4
    tags[TiffImagePlugin.STRIPOFFSETS] = start
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    header = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    # Not `Image.open`, whose bounds are for pixels.
    with TiffImagePlugin.TiffImageFile(io.BytesIO(header + content)) as image:
        image.load()
        return image.tobytes()
