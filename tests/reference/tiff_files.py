"""TIFF files of every kind, written byte by byte as TIFF 6.0 has them."""

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
NONE, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
CODES = {"H": 3, "I": 4, "Q": 16, "B": 1, "s": 7}


@dataclass(frozen=True)
class Kind:
    """How a file is written; `tags` by number, of unsigned integers, or bytes."""

    photometric: int = 1
    bits: int = 8
    kind: int = UNSIGNED
    order: str = "<"
    is_separate: bool = False
    compression: int = NONE
    predictor: int = 1
    segment: tuple[int, int] | None = None  # rows and columns of a tile; (rows, 0): of strips
    is_big: bool = False
    fill_order: int = 1
    tags: dict[int, tuple[int, ...] | bytes] = field(default_factory=dict)


def tiff_file(samples: np.ndarray, made: Kind) -> bytes:
    """A file of samples `(H, W, channels)`, integers below `2^bits` or floats."""
    height, width, channels = samples.shape
    rows, columns = made.segment or (height, 0)
    planes = [samples[..., n : n + 1] for n in range(channels)] if made.is_separate else [samples]
    segments = []
    for plane in planes:
        for top in range(0, height, rows):
            for left in range(0, width, columns or width):
                part = plane[top : top + rows, left : left + (columns or width)]
                if columns:
                    missing = rows - part.shape[0], columns - part.shape[1]
                    part = np.pad(part, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
                segments.append(_segment(part, made))
    places, counts = (324, 325) if columns else (273, 279)
    tags: dict[int, tuple[int, ...] | bytes] = {
        256: (width,),
        257: (height,),
        258: (made.bits,) * channels,
        259: (made.compression,),
        262: (made.photometric,),
        277: (channels,),
        284: (2 if made.is_separate else 1,),
        317: (made.predictor,),
        339: (made.kind,) * channels,
        counts: tuple(map(len, segments)),
    }
    if made.fill_order != 1:
        tags[266] = (made.fill_order,)
    tags |= {322: (columns,), 323: (rows,)} if columns else {278: (rows,)}
    start = 16 if made.is_big else 8
    tags[places] = tuple(start + sum(map(len, segments[:n])) for n in range(len(segments)))
    tags |= made.tags
    return _with_directory(b"".join(segments), tags, made)


def _with_directory(data: bytes, tags: dict, made: Kind) -> bytes:
    order, word = made.order, "Q" if made.is_big else "I"
    data += bytes(len(data) % 2)
    start = (16 if made.is_big else 8) + len(data)
    size = struct.calcsize(order + word)
    entry = struct.calcsize(f"{order}HH{word}") + size
    behind = start + (8 if made.is_big else 2) + entry * len(tags) + size
    entries, rest = b"", b""
    for tag, values in sorted(tags.items()):
        if isinstance(values, bytes):
            code, packed, count = CODES["s"], values, len(values)
        else:
            letter = "H" if max(values) < 65536 else "I"
            code, count = CODES[letter], len(values)
            packed = struct.pack(f"{order}{count}{letter}", *values)
        if len(packed) > size:
            place, rest = behind + len(rest), rest + packed + bytes(len(packed) % 2)
            packed = struct.pack(order + word, place)
        entries += struct.pack(f"{order}HH{word}", tag, code, count) + packed.ljust(size, b"\0")
    name = b"II" if order == "<" else b"MM"
    if made.is_big:
        header = name + struct.pack(f"{order}HHHQ", 43, 8, 0, start)
    else:
        header = name + struct.pack(f"{order}HI", 42, start)
    number = struct.pack(order + ("Q" if made.is_big else "H"), len(tags))
    return header + data + number + entries + bytes(size) + rest


def _segment(part: np.ndarray, made: Kind) -> bytes:
    rows = len(part)
    if made.predictor == 3:
        values = part.astype(f">f{made.bits // 8}").reshape(rows, -1)
        planes = values.view(np.uint8).reshape(rows, -1, made.bits // 8).swapaxes(1, 2)
        bytes_ = planes.reshape(rows, -1, part.shape[-1])
        data = np.diff(bytes_, axis=1, prepend=np.zeros_like(bytes_[:, :1])).tobytes()
    elif made.bits in (8, 16, 32, 64):
        kind = np.dtype(f"{'_uif'[made.kind]}{made.bits // 8}")
        values = part.astype(kind)
        if made.predictor == 2:
            words = values.view(f"u{made.bits // 8}")
            values = np.diff(words, axis=1, prepend=np.zeros_like(words[:, :1]))
        data = values.astype(values.dtype.newbyteorder(made.order)).tobytes()
    else:
        places = np.arange(made.bits - 1, -1, -1)
        bits = (part.reshape(rows, -1, 1).astype(np.int64) >> places & 1).reshape(rows, -1)
        data = np.packbits(bits.astype(np.uint8), axis=1).tobytes()
    packed = {NONE: bytes, DEFLATE: zlib.compress, LZW: _lzw, PACKBITS: _packbits}
    row_bytes = len(data) // rows
    if made.compression == PACKBITS:
        cut = range(0, len(data), row_bytes)
        result = b"".join(_packbits(data[each : each + row_bytes]) for each in cut)
    else:
        result = packed[made.compression](data)
    if made.fill_order == 2:
        bits = np.unpackbits(np.frombuffer(result, np.uint8))
        result = np.packbits(bits, bitorder="little").tobytes()
    return result


def _packbits(data: bytes) -> bytes:
    """Runs of up to 128 bytes as they are."""
    parts = [data[start : start + 128] for start in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


def _lzw(data: bytes) -> bytes:
    """Bytes as codes of nine bits, and the table is cleared before it needs longer ones."""
    codes: list[int] = []
    for start in range(0, len(data), 200):
        codes += [256, *data[start : start + 200]]
    codes.append(257)
    bits = (np.array(codes)[:, np.newaxis] >> np.arange(8, -1, -1) & 1).astype(np.uint8)
    return np.packbits(bits.ravel()).tobytes()
