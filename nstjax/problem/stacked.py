"""The problems of several pictures as one: what each is compared with, along a first axis."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from nstjax.losses import LossWeights
from nstjax.machine.memory import need_of
from nstjax.optimize import Ready
from nstjax.problem.evaluation import Evaluation, Problem
from nstjax.problem.pending import PendingProblem, pending_problem
from nstjax.problem.pictures import Canvas, Pictures
from nstjax.tiles import Layout

# As `jax.vmap` takes it: the network is everybody's.
AXES_APART = Problem(network=None, targets=0, weights=0, canvas=0)  # type: ignore[arg-type]


@dataclass(frozen=True)
class StackedProblem:
    """The problem of one level, of several pictures; not computed yet, as `PendingProblem`."""

    problems: Sequence[PendingProblem]
    stack: jax.stages.Lowered  # several trees of targets to one
    weights: LossWeights  # arrays (B,)
    canvas: Canvas | None  # arrays (B, ...)

    @property
    def shapes(self) -> Problem:
        """The problem, with shapes and types for the targets' arrays."""
        network = self.problems[0].network
        return Problem(network, self.stack.out_info, self.weights, self.canvas)

    @property
    def present(self) -> int:
        """Bytes of the network."""
        return self.problems[0].present

    def compile(self) -> Ready:
        """What computes the problem, with its targets."""
        programs = {problem.targets: problem.targets.compile() for problem in self.problems}
        stack = self.stack.compile()

        def compute() -> Problem:
            each = [problem.compute_by(programs[problem.targets]) for problem in self.problems]
            return self.shapes._replace(targets=stack([problem.targets for problem in each]))

        needs = (need_of(program, self.present) for program in programs.values())
        return Ready(compute, max(needs))


def stacked_problem(
    evaluation: Evaluation,
    network: nnx.State,
    weights: LossWeights,
    layout: Layout,
    each: Sequence[tuple[Pictures, Canvas | None]],
) -> StackedProblem:
    """Traces what will compute the targets of several pictures whose targets have the same shapes.

    Pictures that are looked at may be of different sizes; those of one size share a program. `weights`
    are arrays `(B,)`.
    """
    known: dict[Hashable, PendingProblem] = {}
    problems = []
    for pictures, _ in each:
        shapes = _shapes(pictures)
        if shapes not in known:
            known[shapes] = pending_problem(evaluation, network, weights, pictures, layout)
        problems.append(replace(known[shapes], pictures=pictures))
    targets = [problem.targets.out_info for problem in problems]
    return StackedProblem(problems, _stacked.lower(targets), weights, _stacked_canvas(each))


def _shapes(tree: Any) -> Hashable:
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple(np.shape(leaf) for leaf in leaves)


@jax.jit
def _stacked(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def _stacked_canvas(each: Sequence[tuple[Pictures, Canvas | None]]) -> Canvas | None:
    """One for all, if any has one: where all is painted no content shows."""
    if all(canvas is None for _, canvas in each):
        return None
    canvases = []
    for pictures, canvas in each:
        if canvas is None:
            content = np.asarray(pictures.content)
            canvas = Canvas(content, np.ones((*content.shape[:2], 1), np.float32))
        canvases.append(canvas)
    return jax.tree.map(lambda *arrays: np.stack(arrays), *canvases)
