"""Content, style and total variation losses on features and pixels."""

from nstjax.losses.content import CONTENT_LOSSES, energy_of
from nstjax.losses.matting import Matting, photorealism, prepare_matting
from nstjax.losses.moments import Moments, blend, moments
from nstjax.losses.objective import Losses, LossWeights, Objective, Totals
from nstjax.losses.parts import LayerPart, Part
from nstjax.losses.style import STYLE_LOSSES, StyleLoss
from nstjax.losses.targets import (
    LayerMasks,
    Maps,
    Offer,
    RegionTarget,
    SharedBanks,
    StyleExample,
    Targets,
)
from nstjax.losses.total_variation import TOTAL_VARIATIONS

__all__ = [
    "CONTENT_LOSSES",
    "STYLE_LOSSES",
    "TOTAL_VARIATIONS",
    "LayerMasks",
    "LayerPart",
    "LossWeights",
    "Losses",
    "Maps",
    "Matting",
    "Moments",
    "Objective",
    "Offer",
    "Part",
    "RegionTarget",
    "SharedBanks",
    "StyleExample",
    "StyleLoss",
    "Targets",
    "Totals",
    "blend",
    "energy_of",
    "moments",
    "photorealism",
    "prepare_matting",
]
