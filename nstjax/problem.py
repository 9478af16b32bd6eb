"""Style transfer as an optimization problem: network and objective joined into one function."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from nstjax.losses import Losses, LossWeights, Objective, Targets
from nstjax.settings import Settings
from nstjax.vgg import VGG, Weights


class Problem(NamedTuple):
    """What the loss depends on besides the pixels: traced, never baked into a compiled program."""

    network: nnx.State  # the network's weights
    targets: Targets
    weights: LossWeights


@dataclass(frozen=True)
class Evaluation:
    """The loss as a hashable function of pixels: equal ones share their compiled programs."""

    graph: nnx.GraphDef[VGG]
    objective: Objective

    def features(self, network: nnx.State, pixels: jax.Array) -> dict[str, jax.Array]:
        """Feature maps `(H, W, C)` of one picture `(H, W, 3)`."""
        batch = nnx.merge(self.graph, network)(pixels[jnp.newaxis])
        return {name: features[0] for name, features in batch.items()}

    def __call__(self, pixels: jax.Array, problem: Problem) -> tuple[jax.Array, Losses]:
        """The loss of pixels `(H, W, 3)`, and its terms."""
        features = self.features(problem.network, pixels)
        losses = self.objective(pixels, features, problem.targets, problem.weights)
        return losses.total, losses

    @functools.partial(jax.jit, static_argnums=0)
    def targets(
        self,
        network: nnx.State,
        content: jax.Array,
        styles: Sequence[jax.Array],
        shares: Sequence[jax.typing.ArrayLike],
    ) -> Targets:
        """Targets from the pixels of the content and of the styles, each of its own size and share."""
        return self.objective.targets(
            self.features(network, content),
            [self.features(network, style) for style in styles],
            shares,
        )


@dataclass(frozen=True)
class PendingProblem:
    """The problem of one level, its targets traced and neither compiled nor computed."""

    network: nnx.State
    weights: LossWeights
    targets: jax.stages.Lowered
    # The content's pixels, each style's, and its share.
    pictures: tuple[np.ndarray, list[np.ndarray], tuple[float, ...]]

    @property
    def shapes(self) -> Problem:
        """The problem, with shapes and types for the targets' arrays."""
        return Problem(self.network, self.targets.out_info, self.weights)

    def compute(self) -> Problem:
        """The problem with its targets."""
        targets = self.targets.compile()(self.network, *self.pictures)
        return Problem(self.network, targets, self.weights)


def pending_problem(
    evaluation: Evaluation,
    network: nnx.State,
    weights: LossWeights,
    content: np.ndarray,
    styles: list[np.ndarray],
    shares: tuple[float, ...],
) -> PendingProblem:
    """Traces what will compute the targets of a content `(H, W, 3)` and of styles."""
    pictures = (content, styles, shares)
    targets = Evaluation.targets.lower(evaluation, network, *pictures)  # type: ignore[attr-defined]
    return PendingProblem(network, weights, targets, pictures)


def loss_weights(settings: Settings) -> LossWeights:
    """How much each term and layer counts; as floats, since an integer would compile the step again."""
    return LossWeights(
        float(settings.content_weight),
        float(settings.style_weight),
        float(settings.tv_weight),
        shares(settings.content_layer_weights, len(settings.content_layers)),
        shares(settings.style_layer_weights, len(settings.style_layers)),
    )


def shares(weights: tuple[float, ...] | None, count: int) -> tuple[float, ...]:
    """Relative weights as shares that are 1 together; equal ones where there are no weights."""
    weights = weights or (1.0,) * count
    return tuple(weight / math.fsum(weights) for weight in weights)


def make_objective(settings: Settings) -> Objective:
    """The objective that the settings describe."""
    return Objective(
        settings.content_layers,
        settings.style_layers,
        settings.content_loss,
        settings.style_loss,
        settings.tv_loss,
    )


def make_evaluation(weights: Weights, settings: Settings) -> tuple[Evaluation, nnx.State]:
    """The function to minimize, and the network's weights that it takes as an argument."""
    objective = make_objective(settings)
    network = VGG(
        weights,
        objective.layers,
        pooling=settings.pooling,
        padding=settings.padding,
        dtype=jnp.dtype(settings.precision),
    )
    graph, arrays = nnx.split(network)
    return Evaluation(graph, objective), arrays
