"""Luminance-only transfer: the lightness of one picture, the chroma of another."""

import numpy as np

from nstjax.images.colors.oklab import from_oklab, to_oklab


def keep_chroma(painted: np.ndarray, content: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """The painted picture's lightness with the content's chroma and hue, or on the way there.

    Gatys et al. 2016, "Preserving color in neural artistic style transfer", section "luminance-only
    transfer", in Oklab in place of YIQ:

        L = L_painted    (a, b) = (1 - strength) (a, b)_painted + strength (a, b)_content

    Args:
        painted: pixels `(H, W, 3)` in [0, 1].
        content: pixels of the same shape.
        strength: between 0, the picture as it is, and 1.

    Returns: pixels of the same shape; where sRGB has no such color, one of the same lightness and hue.
    """
    if strength == 0:
        return painted  # to Oklab and back rounds
    found, wanted = to_oklab(painted), to_oklab(content)
    chroma = (1 - strength) * found[..., 1:] + strength * wanted[..., 1:]
    return from_oklab(np.concatenate([found[..., :1], chroma], axis=-1))
