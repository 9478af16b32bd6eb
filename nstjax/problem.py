"""Style transfer as an optimization problem: network and objective joined into one function."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
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
        self, network: nnx.State, content: jax.Array, styles: Sequence[jax.Array]
    ) -> Targets:
        """Targets from the pixels of the content and of the styles, each of its own size."""
        return self.objective.targets(
            self.features(network, content), [self.features(network, style) for style in styles]
        )


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
        weights, objective.layers, pooling=settings.pooling, dtype=jnp.dtype(settings.precision)
    )
    graph, arrays = nnx.split(network)
    return Evaluation(graph, objective), arrays
