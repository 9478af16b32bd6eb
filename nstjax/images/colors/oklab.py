"""Oklab, a space of lightness and two opponent colors that follows what eyes see (Ottosson 2020).

"A perceptual color space for image processing", with the matrices as revised in 2021.
"""

import numpy as np

from nstjax.images.decode.spaces import encoded

# From linear sRGB to the responses of three cones, and from their cube roots to (L, a, b).
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
INVERSE_CONES, INVERSE_OPPONENTS = np.linalg.inv(CONES), np.linalg.inv(OPPONENTS)

# How far outside sRGB a color may be, as a share of its brightest channel, and only be cut off. Beside
# pure blue the gamut is hollow by 8e-4: less chroma would be outside where more is inside.
TOLERANCE = 1e-3
HALVINGS = 20  # of the chroma's range, to a millionth of it


def to_oklab(pixels: np.ndarray) -> np.ndarray:
    """Lightness L in [0, 1] and opponent colors a, b: `(H, W, 3)`, float64, of sRGB in [0, 1]."""
    values = pixels.astype(np.float64)
    # IEC 61966-2-1.
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ CONES.T) @ OPPONENTS.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """Pixels `(H, W, 3)`, float32 sRGB in [0, 1], of Oklab colors with a lightness in [0, 1].

    A color that sRGB has not keeps lightness and hue, and as much of its chroma as there is: what CSS
    Color 4, "gamut mapping", asks for.
    """
    return encoded(_to_linear(_into_gamut(lab))).astype(np.float32)


def _to_linear(lab: np.ndarray) -> np.ndarray:
    return (lab @ INVERSE_OPPONENTS.T) ** 3 @ INVERSE_CONES.T


def _is_in_gamut(lab: np.ndarray) -> np.ndarray:
    linear = _to_linear(lab)
    brightest = linear.max(-1)
    return (linear.min(-1) >= -TOLERANCE * brightest) & (brightest <= 1 + TOLERANCE)


def _into_gamut(lab: np.ndarray) -> np.ndarray:
    """The same colors with a and b scaled down where needed, by halving intervals; gray always fits."""
    outside = ~_is_in_gamut(lab)
    colors = lab[outside]  # (N, 3): mostly few
    fits = np.zeros(len(colors))
    for halving in range(1, HALVINGS + 1):
        share = fits + 0.5**halving
        fits = np.where(_is_in_gamut(_scale_chroma(colors, share)), share, fits)
    mapped = lab.copy()
    mapped[outside] = _scale_chroma(colors, fits)
    return mapped


def _scale_chroma(colors: np.ndarray, share: np.ndarray) -> np.ndarray:
    return colors * np.stack([np.ones_like(share), share, share], axis=-1)
