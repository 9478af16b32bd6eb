"""Coarse-to-fine optimization of pixels for whatever objective it is given."""

from nstjax.optimize.initial_image import INITIAL_IMAGES, Sources
from nstjax.optimize.loop import Chunk, run_levels
from nstjax.optimize.optimizer import OPTIMIZERS, make_transformation
from nstjax.optimize.pyramid import Level, pyramid
from nstjax.optimize.step import Batch

__all__ = [
    "INITIAL_IMAGES",
    "OPTIMIZERS",
    "Batch",
    "Chunk",
    "Level",
    "Sources",
    "make_transformation",
    "pyramid",
    "run_levels",
]
