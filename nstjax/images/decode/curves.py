"""Color profiles of curves and a matrix (ICC.1), applied in floats: Pillow has 8 bits only."""

import struct

import numpy as np

from nstjax.images.decode.spaces import XYZ_TO_SRGB, encoded

TABLES = (b"A2B0", b"A2B1")  # a profile that has one is meant to be used by it
# Parameters of each type of parametric curve (ICC.1, table 68), as places in g a b c d e f.
PARAMETERS = ("g", "gab", "gabc", "gabcd", "gabcdef")


def to_srgb_by_curves(color: np.ndarray, profile: bytes) -> np.ndarray | None:
    """sRGB `(H, W, 1 or 3)` of gray or RGB floats in [0, 1].

    Returns: None for a profile that has a table, is damaged, or has a curve that is not defined.
    """
    try:
        tags = _tags(profile)
        if any(each in tags for each in TABLES):
            return None
        with np.errstate(all="ignore"):
            linear = _linear(color, tags)
    except (KeyError, struct.error, ValueError, IndexError):
        return None
    return encoded(linear) if np.isfinite(linear).all() else None


def _linear(color: np.ndarray, tags: dict[bytes, bytes]) -> np.ndarray:
    """Linear sRGB `(H, W, 1 or 3)`."""
    if color.shape[-1] == 1:
        # From the profile's black and white to those of sRGB.
        return _curve(tags[b"kTRC"], color)
    names = (b"r", b"g", b"b")
    curves = [_curve(tags[name + b"TRC"], color[..., n]) for n, name in enumerate(names)]
    primaries = np.stack([_xyz(tags[name + b"XYZ"]) for name in names])
    return np.stack(curves, axis=-1) @ (primaries @ XYZ_TO_SRGB.T).astype(np.float32)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    """The contents of a profile by their signatures."""
    (count,) = struct.unpack_from(">I", profile, 128)
    if profile[20:24] != b"XYZ " or count > 100:
        raise ValueError("no profile of this kind")
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * each) for each in range(count)]
    return {name: profile[start : start + length] for name, start, length in entries}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8), np.float64) / 65536


def _curve(tag: bytes, values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] through a curve, float32."""
    if tag[:4] == b"para":
        return _parametric(tag, values)
    if tag[:4] != b"curv":
        raise ValueError("no curve")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return values
    points = np.array(struct.unpack_from(f">{count}H", tag, 12), np.float32)
    if count == 1:
        return values ** (points[0] / np.float32(256))
    return np.interp(values, np.linspace(0, 1, count), points / 65535).astype(np.float32)


def _parametric(tag: bytes, values: np.ndarray) -> np.ndarray:
    (kind,) = struct.unpack_from(">H", tag, 8)
    names = PARAMETERS[kind]
    numbers = np.array(struct.unpack_from(f">{len(names)}i", tag, 12), np.float64) / 65536
    found = dict.fromkeys("gabcdef", 0.0) | {"a": 1.0} | dict(zip(names, numbers, strict=True))
    g, a, b, c, d, e, f = found.values()
    if kind in (1, 2):  # below where the power begins there is a constant
        d, e, f, c = -b / a if a else 0, c, c, 0.0
    elif kind == 0:
        d = 0.0
    power = np.maximum(a * values + b, 0) ** g + e
    return np.where(values >= d, power, c * values + f).astype(np.float32)
