"""Masks that were drawn on the photograph, as the regions that they stand for."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nstjax.errors import UserError
from nstjax.problem.regions import Region

# Of the brush: the first style is painted where the first one is, and so on. They can be told apart by
# the color-blind too (Okabe and Ito).
BRUSHES = {"orange": "#e69f00", "blue": "#56b4e9", "green": "#009e73", "pink": "#cc79a7"}
FAINTEST = 0.02  # of a brush; less is what a canvas leaves behind


def regions_of(drawing: Mapping[str, Any] | None, styles: int) -> list[Region] | None:
    """The regions of a drawing; None where nothing is drawn.

    Args:
        drawing: what the image editor has: its `layers` are `(h, w, 4)`, bytes.
        styles: how many style pictures there are.

    Raises `UserError` for a color whose style is not there.
    """
    masks = _masks(drawing)
    if not masks or not styles:
        return None
    for place, color in enumerate(BRUSHES):
        if place in masks and place >= styles:
            raise UserError(
                f"{color} is drawn, which is where style picture {place + 1} goes, and there are "
                f"{styles}: drop one more, or draw in {', '.join(list(BRUSHES)[:styles])}"
            )
    return [Region(mask, {place: None}) for place, mask in sorted(masks.items())]


def _masks(drawing: Mapping[str, Any] | None) -> dict[int, np.ndarray]:
    """How much of each brush's color is where, `(h, w)` in [0, 1]."""
    layers = [np.asarray(layer) for layer in (drawing or {}).get("layers") or ()]
    layers = [layer for layer in layers if layer.ndim == 3 and layer.shape[-1] == 4]
    found: dict[int, np.ndarray] = {}
    for layer in layers:
        alpha = layer[..., 3] / np.float32(255)
        nearest = _nearest_brush(layer[..., :3])
        for place in range(len(BRUSHES)):
            mask = np.where(nearest == place, alpha, np.float32(0))
            if mask.max(initial=0) > FAINTEST:
                before = found.get(place)
                found[place] = mask if before is None else np.maximum(before, mask)
    return found


def _nearest_brush(colors: np.ndarray) -> np.ndarray:
    codes = [int(code[1:], 16) for code in BRUSHES.values()]
    brushes = np.array([(code >> 16, code >> 8 & 255, code & 255) for code in codes], np.float32)
    distances = ((colors[..., np.newaxis, :].astype(np.float32) - brushes) ** 2).sum(-1)
    return distances.argmin(-1)
