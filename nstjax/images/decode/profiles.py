"""Samples of any color space to sRGB: by their profile, or by what is meant where there is none."""

import io

import numpy as np
from PIL import Image, ImageCms

from nstjax.images.decode.curves import to_srgb_by_curves
from nstjax.images.decode.samples import CMYK, GRAY, LAB, RGB, Samples, unit_floats
from nstjax.images.decode.spaces import cmyk_to_rgb, lab_to_srgb

ROUNDING = 1e-3  # how far floats may lie outside [0, 1]
MODES = {GRAY: "L", RGB: "RGB", CMYK: "CMYK"}  # Pillow's, of 8 bits
_CREATED = slice(24, 36)  # ICC.1: when the profile was made, in six numbers


def _srgb_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Little CMS writes the present moment, and the same picture would never be the same file again.
    profile[_CREATED] = bytes.fromhex("07ea 0001 0001 0000 0000 0000")
    return bytes(profile)


SRGB_PROFILE = _srgb_profile()  # of everything that is written


def to_srgb(samples: Samples) -> np.ndarray:
    """sRGB `(H, W, 1 or 3)`: uint8, uint16, or floats; those outside [0, 1] are given back as they are.

    The profile is applied by Little CMS to colors of 8 bits. To more bits, and to gray, whose dark ends
    it takes from a coarse table, curves and a matrix are applied in floats; what has a table instead is
    rounded to 8 bits for Little CMS. A profile that cannot be used says nothing about the colors.
    """
    color = samples.color
    if color.dtype.kind == "f" and not (color.min() >= -ROUNDING and color.max() <= 1 + ROUNDING):
        return color  # of no range that means anything
    # What `write` has written is sRGB already; converting would round.
    if samples.profile and samples.profile != SRGB_PROFILE:
        converted = None
        if samples.space == GRAY and color.dtype in (np.uint8, np.uint16):
            levels = np.arange(np.iinfo(color.dtype).max + 1, dtype=color.dtype).reshape(-1, 1, 1)
            table = to_srgb_by_curves(_floats(levels), samples.profile)
            converted = None if table is None else table.ravel()[color]
        elif samples.space == GRAY or (samples.space == RGB and color.dtype != np.uint8):
            converted = to_srgb_by_curves(_floats(color), samples.profile)
        if converted is None:
            converted = _by_little_cms(samples)
        if converted is not None:
            return converted
    if samples.space == CMYK:
        return cmyk_to_rgb(_floats(color))
    if samples.space == LAB:
        return lab_to_srgb(_floats(color))
    return color


def _by_little_cms(samples: Samples) -> np.ndarray | None:
    if samples.space not in MODES:
        return None  # its profile says only that it is Lab
    color = samples.color
    values = color if color.dtype == np.uint8 else np.rint(_floats(color) * 255).astype(np.uint8)
    mode = MODES[samples.space]
    values = np.ascontiguousarray(values[..., 0] if mode == "L" else values)
    image = Image.frombuffer(mode, values.shape[1::-1], values, "raw", mode, 0, 1)
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(samples.profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return None
    return np.asarray(converted)


def _floats(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 1) if values.dtype.kind == "f" else unit_floats(values)
