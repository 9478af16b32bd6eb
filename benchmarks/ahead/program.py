"""The step that a picture is painted by, lowered for devices that need not be there.

Everything is known from shapes alone: of the network only its architecture counts, and of pictures
their size. The functions are those that paint, so whatever changes in them is seen here.
"""

import functools
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx

from benchmarks.ahead.placement import placed
from nstjax.optimize import Level, make_transformation
from nstjax.optimize.step import first_state, run_steps
from nstjax.prepare import Numbers, numbers_of
from nstjax.problem.evaluation import Evaluation, make_evaluation, pending_problem
from nstjax.problem.pictures import Pictures, pictures_at
from nstjax.problem.regions import whole_picture
from nstjax.problem.schedule import make_levels
from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS
from nstjax.vgg import Preprocessing, Weights
from nstjax.vgg.weights import tensor_shapes

CAFFE = Preprocessing("bgr", 255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))


class Case(NamedTuple):
    """One program: what is painted, how, and by how many devices."""

    model: str  # vgg16 or vgg19
    preset: str
    optimizer: str
    height: int
    width: int
    devices: int
    steps: int  # of the scan; its body is compiled once, whatever their number


def settings_of(case: Case) -> Settings:
    """The preset as it would run on an accelerator, with the case's optimizer."""
    return replace(
        PRESETS[case.preset],
        optimizer=case.optimizer,
        precision="bfloat16",
        carry_moments=False,  # between levels, and refused without Adam
    )


@functools.cache
def blank_network(model: str) -> Weights:
    """Zeros in the network's shapes: no number of it is compiled in."""
    shapes = tensor_shapes(model)
    return Weights(
        model, CAFFE, {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    )


class _Painting(NamedTuple):
    """What the programs of a case are traced from."""

    evaluation: Evaluation
    network: nnx.State
    numbers: Numbers
    pictures: Pictures


def _painting(case: Case, platform: str) -> _Painting:
    settings = settings_of(case)
    evaluation, network = make_evaluation(blank_network(case.model), settings, platform)
    level = Level(case.height, case.width, case.steps)
    blank = np.broadcast_to(np.float32(0), (case.height, case.width, 3))
    pictures = pictures_at(level, level, blank, [blank], whole_picture(1), settings)
    return _Painting(evaluation, network, numbers_of(settings), pictures)


def lower_step(case: Case, platform: str, devices: list[Any]) -> jax.stages.Lowered:
    """`run_steps` of a case, traced and lowered for its devices, in their platform's form."""
    evaluation, network, numbers, pictures = _painting(case, platform)
    pending = pending_problem(evaluation, network, numbers.weights, pictures)
    settings = settings_of(case)
    optimizer = make_transformation(settings.optimizer, settings.adam_beta2)
    start = jax.ShapeDtypeStruct((case.height, case.width, 3), np.float32)
    arguments = placed(
        {
            "state": jax.eval_shape(functools.partial(first_state, optimizer), start),
            "problem": pending.shapes,
            "learning_rate": numbers.learning_rate,
            "averaging": numbers.averaging,
        },
        devices,
    )
    return run_steps.lower(**arguments, evaluate=evaluation, optimizer=optimizer, steps=case.steps)


def lower_targets(case: Case, platform: str, devices: list[Any]) -> jax.stages.Lowered:
    """What computes the targets that a level's steps compare the picture with."""
    evaluation, network, _, pictures = _painting(case, platform)
    arguments = placed({"network": network, "pictures": pictures}, devices)
    return Evaluation.targets.lower(evaluation, **arguments)  # type: ignore[attr-defined]


def levels_of(case: Case) -> list[Case]:
    """The case at each level of a whole picture, coarse to fine."""
    blank = np.broadcast_to(np.float32(0), (case.height, case.width, 3))
    settings = replace(settings_of(case), size=max(case.height, case.width))
    levels = make_levels(blank, [blank], settings, case.model)
    return [case._replace(height=level.height, width=level.width) for level in levels]
