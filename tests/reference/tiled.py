"""A problem in windows and whole: its loss and gradient, of any scene."""

from typing import NamedTuple

import jax
import numpy as np
from reference.inputs import picture

from nstjax import Region
from nstjax.losses import LossWeights
from nstjax.optimize import Level
from nstjax.problem.evaluation import loss_weights, make_evaluation
from nstjax.problem.pending import pending_problem
from nstjax.problem.pictures import canvas_at, pictures_at
from nstjax.problem.regions import whole_picture


class Scene(NamedTuple):
    """What is painted, and how large."""

    height: int
    width: int
    content: np.ndarray | None
    styles: tuple[np.ndarray, ...]
    regions: tuple[Region, ...] | None = None


def ramp(height, width):
    return np.linspace(0, 1, width, dtype=np.float32) * np.ones((height, 1), np.float32)


def two_regions(height, width, style, covered=0.8):
    """Soft masks, one of the first style, of that shape, as well; below 1 some of it is bare."""
    part = np.zeros(style, np.float32)
    part[style[0] // 10 : style[0] * 6 // 10, style[1] // 8 :] = 0.7
    return (
        Region(covered * ramp(height, width), {0: part, 1: None}),
        Region(covered * (1 - ramp(height, width)), {1: None}),
    )


def problem_of(weights, settings, scene, platform=None, **layout):
    """What is minimized, and the problem, not computed."""
    evaluation, network = make_evaluation(weights, settings, platform)
    height, width, content, styles = scene[:4]
    regions = scene.regions or whole_picture(len(styles))
    level = Level(height, width, 1)
    pending = pending_problem(
        evaluation,
        network,
        loss_weights(settings),
        pictures_at(level, level, content, styles, regions, settings),
        evaluation.layout(height, width, **layout),
        canvas_at(height, width, content, regions),
    )
    return evaluation, pending


def evaluated(weights, settings, scene, platform=None, **layout):
    """The layout, the losses by weights that let each term be seen, and the gradient."""
    evaluation, pending = problem_of(weights, settings, scene, platform, **layout)
    problem = pending.compile().compute()
    start = picture(scene.height, scene.width)[::-1].copy()
    function = jax.jit(jax.value_and_grad(evaluation, has_aux=True))
    _, losses = function(start, problem)[0]
    seen = {term: 1 / float(value) if value else 0.0 for term, value in losses._asdict().items()}
    balanced = problem.weights._replace(
        **{term: seen[term] for term in LossWeights._fields if term in seen}
    )
    (_, losses), gradient = function(start, problem._replace(weights=balanced))
    return pending.layout, losses, gradient
