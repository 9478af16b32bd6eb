"""Colors of other spaces than gray and RGB, where no profile says more of them."""

from collections.abc import Sequence

import numpy as np

FULL_RANGE = (0, 255, 128, 255, 128, 255)  # black and white of Y, Cb and Cr
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue (ITU-R BT.601)
D50 = np.array([0.9642, 1, 0.8249], np.float32)  # the white of ICC.1's Lab and XYZ
# From XYZ under D50, adapted by Bradford's matrix, to linear sRGB.
XYZ_TO_SRGB = np.array(
    [
        [3.1341359, -1.6173863, -0.4906619],
        [-0.9787955, 1.9162544, 0.0334428],
        [0.0719554, -0.2289769, 1.4053860],
    ],
    np.float32,
)
# What `Samples` has between 0 and 1.
LAB_RANGE, LAB_ZERO = np.array([[100, 255, 255], [0, 128, 128]], np.float32)


def cmyk_to_rgb(ink: np.ndarray) -> np.ndarray:
    """RGB `(H, W, 3)` of inks `(H, W, 4)`, floats in [0, 1]: what is left of white paper's light."""
    return (1 - ink[..., :3]) * (1 - ink[..., 3:])


def ycbcr_to_rgb(values: np.ndarray, references: Sequence[float] | None) -> np.ndarray:
    """RGB `(H, W, 3)` of YCbCr of 8 bits, uint8; `references` are black and white of each (TIFF 6.0).

    Raises `ValueError` for damaged references.
    """
    limits = np.array(list(map(float, references or FULL_RANGE)), np.float32).reshape(3, 2)
    black, white = limits.T
    if not (white > black).all():
        raise ValueError(f"black and white of YCbCr are {limits.tolist()}")
    scale = np.array([255, 127, 127], np.float32) / (white - black)
    y, cb, cr = np.moveaxis((values - black) * scale, -1, 0)
    red, blue = (y + chroma * (2 - 2 * LUMA[each]) for chroma, each in ((cr, 0), (cb, 2)))
    green = (y - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return np.clip(np.rint(np.stack([red, green, blue], axis=-1)), 0, 255).astype(np.uint8)


def lab_to_srgb(lab: np.ndarray) -> np.ndarray:
    """sRGB `(H, W, 3)` in [0, 1] of CIE Lab under D50, as `Samples` has it, in floats."""
    lightness, a, b = np.moveaxis(lab * LAB_RANGE - LAB_ZERO, -1, 0)
    y = (lightness + 16) / 116
    roots = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = D50 * np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    return encoded(xyz @ XYZ_TO_SRGB.T)


def encoded(linear: np.ndarray) -> np.ndarray:
    """Linear sRGB, of any range, as sRGB in [0, 1] (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
