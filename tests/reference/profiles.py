"""Color profiles, written byte by byte as ICC.1 has them."""

import struct

D50 = (0.9642, 1.0, 0.8249)
# Columns of the matrices from linear RGB to XYZ under D50.
PRIMARIES = {
    "srgb": ((0.4360747, 0.2225045, 0.0139322), (0.3850649, 0.7168786, 0.0971045),
             (0.1430804, 0.0606169, 0.7141733)),
    "adobe": ((0.6097559, 0.3111242, 0.0194811), (0.2052401, 0.6256560, 0.0608902),
              (0.1492240, 0.0632197, 0.7448387)),
}  # fmt: skip


def gamma(exponent: float) -> bytes:
    """A curve that is a power."""
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * exponent)) + bytes(2)


def points(values: list[float]) -> bytes:
    """A curve of points in [0, 1]."""
    packed = struct.pack(f">{len(values)}H", *(round(65535 * each) for each in values))
    return b"curv" + bytes(4) + struct.pack(">I", len(values)) + packed + bytes(len(packed) % 4)


def srgb_curve() -> bytes:
    """sRGB's own, with parameters."""
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(65536 * n) for n in numbers))


def gray_profile(curve: bytes) -> bytes:
    """A profile of grays."""
    return _profile(b"GRAY", {b"wtpt": _xyz(D50), b"kTRC": curve})


def color_profile(primaries: str, curve: bytes) -> bytes:
    """A profile of a matrix, and one curve for all channels."""
    tags = {b"wtpt": _xyz(D50)}
    for letter, each in zip((b"r", b"g", b"b"), PRIMARIES[primaries], strict=True):
        tags |= {letter + b"XYZ": _xyz(each), letter + b"TRC": curve}
    return _profile(b"RGB ", tags)


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * each) for each in values))


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"desc": _text("made"), b"cprt": _text("none")} | tags
    start = 128 + 4 + 12 * len(tags)
    table, contents = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, start + len(contents), len(tag))
        contents += tag + bytes(-len(tag) % 4)
    size = start + len(contents)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x04300000, b"mntr", space, b"XYZ ", b"acsp")
    header = header.ljust(68, b"\0") + struct.pack(">3i", *(round(65536 * each) for each in D50))
    return header.ljust(128, b"\0") + table + contents


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(encoded), 28) + encoded
