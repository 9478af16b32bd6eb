"""The problem of one level, before anything of it is compiled or computed."""

import functools
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import numpy as np
from flax import nnx
from jax.sharding import PartitionSpec

from nstjax.losses import LossWeights
from nstjax.machine.memory import need_of
from nstjax.optimize import Ready
from nstjax.problem.evaluation import Evaluation, Problem
from nstjax.problem.pictures import Canvas, Pictures
from nstjax.problem.targets import Layouts, compute_targets
from nstjax.tiles import BY_ROWS, EVERYWHERE, Layout, place

Tree = TypeVar("Tree")


@dataclass(frozen=True)
class PendingProblem:
    """The problem of one level, its targets traced and neither compiled nor computed."""

    network: nnx.State
    weights: LossWeights
    targets: jax.stages.Lowered
    pictures: Pictures  # on the host, as their layouts have them
    canvas: Canvas | None
    layouts: Layouts

    @property
    def layout(self) -> Layout:
        """How the picture lies."""
        return self.layouts.picture

    @property
    def shapes(self) -> Problem:
        """The problem, with shapes and types for all arrays."""
        found = self._with_targets(self.targets.out_info)
        return shapes_of(found, found.specs, self.layout)

    @property
    def present(self) -> int:
        """Bytes of the network, where the device that has it is the only one."""
        if self.layout.mesh is not None:
            return 0
        return sum(leaf.nbytes for leaf in jax.tree.leaves(self.network))

    def _with_targets(self, targets: Any) -> Problem:
        return Problem(self.network, targets, self.weights, self.canvas, self.layout)

    def compile(self) -> Ready:
        """What computes the problem, with its targets, on its devices."""
        compiled = self.targets.compile()
        return Ready(functools.partial(self.compute_by, compiled), need_of(compiled, self.present))

    def compute_by(self, compiled: jax.stages.Compiled) -> Problem:
        """The same, by the compiled program for the targets."""
        specs = picture_specs(self.pictures, self.layouts)
        network = placed(self.network, everywhere(self.network), self.layout)
        targets = compiled(network, placed(self.pictures, specs, self.layout))
        problem = self._with_targets(targets)._replace(network=network)
        canvas = placed(self.canvas, problem.specs.canvas, self.layout)
        return problem._replace(canvas=canvas)


def pending_problem(
    evaluation: Evaluation,
    network: nnx.State,
    weights: LossWeights,
    pictures: Pictures,
    layout: Layout,
    canvas: Canvas | None = None,
) -> PendingProblem:
    """Traces what will compute the targets of pictures, which are whole, for a layout of the result."""
    layouts = layouts_of(evaluation, layout, pictures)
    if canvas is not None:
        canvas = Canvas(*(layout.spans(np.asarray(each)) for each in canvas))
    return problem_of_spans(
        evaluation, network, weights, _spans(pictures, layouts), layouts, canvas
    )


def problem_of_spans(
    evaluation: Evaluation,
    network: nnx.State,
    weights: LossWeights,
    pictures: Pictures,
    layouts: Layouts,
    canvas: Canvas | None = None,
) -> PendingProblem:
    """The same, of pictures and a canvas as the devices' windows see them; see `Layout.spans`."""
    layout = layouts.picture
    targets = compute_targets.lower(
        evaluation,
        shapes_of(network, everywhere(network), layout),
        shapes_of(pictures, picture_specs(pictures, layouts), layout),
        layouts,
    )
    return PendingProblem(network, weights, targets, pictures, canvas, layouts)


def layouts_of(evaluation: Evaluation, layout: Layout, pictures: Pictures) -> Layouts:
    """How all pictures lie where the result has that layout."""
    return Layouts(layout, tuple(_like(layout, evaluation, style) for style in pictures.styles))


def _like(layout: Layout, evaluation: Evaluation, style: Any) -> Layout:
    """How a style picture lies, on the devices that have the result, or whole on each."""
    size, devices = style.shape[:2], () if layout.mesh is None else layout.mesh.devices.ravel()
    found = evaluation.layout(*size, tile=layout.tile, devices=devices)
    return found if found.mesh == layout.mesh else evaluation.layout(*size, tile=layout.tile)


def _spans(pictures: Pictures, layouts: Layouts) -> Pictures:
    """Pictures and masks as the devices' windows see them."""

    def spans(layout: Layout, values: Any) -> Any:
        return None if values is None else layout.spans(np.asarray(values))

    return Pictures(
        spans(layouts.picture, pictures.content),
        tuple(map(spans, layouts.styles, pictures.styles)),
        tuple(
            region._replace(
                mask=spans(layouts.picture, region.mask),
                style_masks=tuple(map(spans, layouts.styles, region.style_masks)),
            )
            for region in pictures.regions
        ),
    )


def picture_specs(pictures: Pictures, layouts: Layouts) -> Pictures:
    """Where each array of them lies in the mesh of several devices."""

    def spec(layout: Layout, values: Any) -> Any:
        return None if values is None else EVERYWHERE if layout.mesh is None else BY_ROWS

    found = everywhere(pictures)
    return Pictures(
        spec(layouts.picture, pictures.content),
        tuple(map(spec, layouts.styles, pictures.styles)),
        tuple(
            specs._replace(
                mask=spec(layouts.picture, region.mask),
                style_masks=tuple(map(spec, layouts.styles, region.style_masks)),
            )
            for specs, region in zip(found.regions, pictures.regions, strict=True)
        ),
    )


def everywhere(tree: Tree) -> Tree:
    """For arrays that each device has."""
    return jax.tree.map(lambda _: EVERYWHERE, tree)


def shapes_of(tree: Tree, specs: Tree, layout: Layout) -> Tree:
    """Shapes, types and places in place of arrays; numbers stay, since a program is told their kind."""

    def shape(leaf: Any, spec: PartitionSpec) -> Any:
        if not hasattr(leaf, "shape"):
            return leaf
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=layout.sharding(spec))

    return jax.tree.map(shape, tree, specs)


def placed(tree: Tree, specs: Tree, layout: Layout) -> Tree:
    """The arrays where the specs say; numbers stay."""

    def put(leaf: Any, spec: PartitionSpec) -> Any:
        return place(leaf, layout.sharding(spec)) if hasattr(leaf, "shape") else leaf

    return jax.tree.map(put, tree, specs)
