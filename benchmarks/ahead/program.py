"""The step that a picture is painted by, lowered for devices that need not be there.

Everything is known from shapes alone: of the network only its architecture counts, and of pictures
their size. The functions are those that paint, so whatever changes in them is seen here.
"""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx
from jax.sharding import SingleDeviceSharding

from nstjax.errors import UserError
from nstjax.optimize import Level, make_transformation
from nstjax.optimize.start import state_shapes
from nstjax.optimize.step import run_steps
from nstjax.prepare import numbers_of
from nstjax.problem.evaluation import Evaluation, make_evaluation
from nstjax.problem.pending import PendingProblem, layouts_of, problem_of_spans
from nstjax.problem.pictures import pictures_at
from nstjax.problem.regions import whole_picture
from nstjax.problem.schedule import make_levels
from nstjax.problem.targets import compute_targets
from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS
from nstjax.tiles import Layout
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
    tile: int | None = None  # how large the windows are to be; None: as a device's part


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


@functools.cache
def _evaluation(model: str, settings: Settings, platform: str) -> tuple[Evaluation, nnx.State]:
    return make_evaluation(blank_network(model), settings, platform)


def layout_of(case: Case, platform: str, devices: Sequence[Any]) -> Layout:
    """How the picture of a case lies on its devices, which are fewer where it is too low for all."""
    evaluation, _ = _evaluation(case.model, settings_of(case), platform)
    return evaluation.layout(case.height, case.width, tile=case.tile, devices=devices)


def check_shared(case: Case, platform: str, devices: Sequence[Any]) -> None:
    """Raises `UserError` where a picture is too low for so many devices."""
    found = layout_of(case, platform, devices).devices
    if found < case.devices:
        raise UserError(
            f"{case.height} rows are too few for {case.devices} devices: give a larger picture, or "
            + ("one device" if found == 1 else f"at most {found} devices")
        )


def _pending(case: Case, platform: str, devices: Sequence[Any]) -> PendingProblem:
    settings = settings_of(case)
    evaluation, network = _evaluation(case.model, settings, platform)
    level = Level(case.height, case.width, case.steps)
    blank = np.broadcast_to(np.float32(0), (case.height, case.width, 3))
    pictures = pictures_at(level, level, blank, [blank], whole_picture(1), settings)
    layouts = layouts_of(evaluation, layout_of(case, platform, devices), pictures)
    seen = pictures._replace(
        content=_blank_spans(layouts.picture), styles=tuple(map(_blank_spans, layouts.styles))
    )
    weights = numbers_of(settings).weights
    return problem_of_spans(evaluation, network, weights, seen, layouts)


def _blank_spans(layout: Layout) -> np.ndarray:
    """`Layout.spans` of a blank picture; of a large one no machine here could hold them."""
    rows = layout.height if layout.mesh is None else layout.span * layout.devices
    return np.broadcast_to(np.float32(0), (rows, layout.width, 3))


def lower_step(case: Case, platform: str, devices: Sequence[Any]) -> jax.stages.Lowered:
    """`run_steps` of a case, traced and lowered for its devices, in their platform's form."""
    settings = settings_of(case)
    evaluation, _ = _evaluation(case.model, settings, platform)
    pending = _pending(case, platform, devices)
    optimizer = make_transformation(settings.optimizer, settings.adam_beta2)
    state = state_shapes(optimizer, case.height, case.width, pending.layout)
    numbers = numbers_of(settings)
    return run_steps.lower(
        _somewhere(state, devices[0]),
        _somewhere(pending.shapes, devices[0]),
        numbers.learning_rate,
        numbers.averaging,
        evaluate=evaluation,
        optimizer=optimizer,
        steps=case.steps,
    )


def lower_targets(case: Case, platform: str, devices: Sequence[Any]) -> jax.stages.Lowered:
    """What computes the targets that a level's steps compare the picture with."""
    evaluation, _ = _evaluation(case.model, settings_of(case), platform)
    pending = _pending(case, platform, devices)
    if pending.layout.mesh is not None:
        return pending.targets
    seen = _somewhere((pending.network, pending.pictures), devices[0])
    return compute_targets.lower(evaluation, *seen, pending.layouts)


def _somewhere(tree: Any, device: Any) -> Any:
    """Shapes in place of arrays; those whose place is left open lie on the device."""

    def shape(leaf: Any) -> Any:
        if not hasattr(leaf, "shape"):
            return leaf
        known = leaf.sharding if isinstance(leaf, jax.ShapeDtypeStruct) else None
        place = known or SingleDeviceSharding(device)
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place)

    return jax.tree.map(shape, tree)


def levels_of(case: Case) -> list[Case]:
    """The case at each level of a whole picture, coarse to fine."""
    blank = np.broadcast_to(np.float32(0), (case.height, case.width, 3))
    settings = replace(settings_of(case), size=max(case.height, case.width))
    levels = make_levels(blank, [blank], settings, case.model)
    return [case._replace(height=level.height, width=level.width) for level in levels]
