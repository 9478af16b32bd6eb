"""Coarse-to-fine optimization of pixels for whatever objective it is given."""

from nstjax.optimize.batches import Batch, mesh_of
from nstjax.optimize.initial_image import INITIAL_IMAGES, Sources
from nstjax.optimize.loop import Chunk, Point, Run, plan_levels, run_levels
from nstjax.optimize.optimizer import OPTIMIZERS, make_transformation
from nstjax.optimize.programs import Programs, Work
from nstjax.optimize.pyramid import Level, pyramid
from nstjax.optimize.ways import Fit, Way
from nstjax.optimize.work import Prepared, Ready, Steps

__all__ = [
    "INITIAL_IMAGES",
    "OPTIMIZERS",
    "Batch",
    "Chunk",
    "Fit",
    "Level",
    "Point",
    "Prepared",
    "Programs",
    "Ready",
    "Run",
    "Sources",
    "Steps",
    "Way",
    "Work",
    "make_transformation",
    "mesh_of",
    "plan_levels",
    "pyramid",
    "run_levels",
]
