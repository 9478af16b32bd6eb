"""Content, style and total variation losses on features and pixels."""

from nstjax.losses.content import CONTENT_LOSSES
from nstjax.losses.matting import Matting, photorealism, prepare_matting
from nstjax.losses.moments import Moments, blend, moments
from nstjax.losses.objective import (
    Losses,
    LossWeights,
    Objective,
    RegionTarget,
    StyledRegion,
    StyleExample,
    Targets,
)
from nstjax.losses.style import STYLE_LOSSES, StyleLoss
from nstjax.losses.total_variation import TOTAL_VARIATIONS

__all__ = [
    "CONTENT_LOSSES",
    "STYLE_LOSSES",
    "TOTAL_VARIATIONS",
    "LossWeights",
    "Losses",
    "Matting",
    "Moments",
    "Objective",
    "RegionTarget",
    "StyleExample",
    "StyleLoss",
    "StyledRegion",
    "Targets",
    "blend",
    "moments",
    "photorealism",
    "prepare_matting",
]
