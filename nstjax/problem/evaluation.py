"""Style transfer as an optimization problem: network and objective joined into one function."""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from nstjax.feature_map import FeatureMap
from nstjax.losses import (
    Losses,
    LossWeights,
    Objective,
    StyledRegion,
    StyleExample,
    Targets,
)
from nstjax.problem.pictures import Array, Canvas, Pictures
from nstjax.settings import Settings, shares
from nstjax.vgg import VGG, Weights, default_form, form_for


class Problem(NamedTuple):
    """What the loss depends on besides the pixels: traced, never baked into a compiled program."""

    network: nnx.State  # the network's weights
    targets: Targets
    weights: LossWeights
    canvas: Canvas | None = None  # None: all is painted


@dataclass(frozen=True)
class Evaluation:
    """The loss as a hashable function of pixels: equal ones share their compiled programs."""

    graph: nnx.GraphDef[VGG]
    objective: Objective

    def features(self, network: nnx.State, pixels: Array) -> dict[str, FeatureMap]:
        """Feature maps of one picture `(H, W, 3)`."""
        return nnx.merge(self.graph, network).feature_maps(jnp.asarray(pixels))

    def __call__(self, pixels: jax.Array, problem: Problem) -> tuple[jax.Array, Losses]:
        """The loss of pixels `(H, W, 3)`, and its terms."""
        seen = pixels if problem.canvas is None else problem.canvas(pixels)
        features = self.features(problem.network, seen)
        losses = self.objective(seen, features, problem.targets, problem.weights)
        return losses.total, losses

    @functools.partial(jax.jit, static_argnums=0)
    def targets(self, network: nnx.State, pictures: Pictures) -> Targets:
        """Targets from the pixels of content and styles, each of its own size."""
        carry = nnx.merge(self.graph, network).carry_mask
        content = {} if pictures.content is None else self.features(network, pictures.content)
        styles = [self.features(network, style) for style in pictures.styles]
        regions = [
            StyledRegion(
                [
                    StyleExample(features, share, None if mask is None else carry(mask))
                    for features, share, mask in zip(
                        styles, region.shares, region.style_masks, strict=True
                    )
                    if share is not None
                ],
                region.area,
                None if region.mask is None else carry(region.mask),
            )
            for region in pictures.regions
        ]
        return self.objective.targets(content, regions, pictures.content)


@dataclass(frozen=True)
class PendingProblem:
    """The problem of one level, its targets traced and neither compiled nor computed."""

    network: nnx.State
    weights: LossWeights
    targets: jax.stages.Lowered
    pictures: Pictures
    canvas: Canvas | None

    @property
    def shapes(self) -> Problem:
        """The problem, with shapes and types for the targets' arrays."""
        return Problem(self.network, self.targets.out_info, self.weights, self.canvas)

    def compute(self) -> Problem:
        """The problem with its targets."""
        targets = self.targets.compile()(self.network, self.pictures)
        return self.shapes._replace(targets=targets)


def pending_problem(
    evaluation: Evaluation,
    network: nnx.State,
    weights: LossWeights,
    pictures: Pictures,
    canvas: Canvas | None = None,
) -> PendingProblem:
    """Traces what will compute the targets of pictures."""
    targets = Evaluation.targets.lower(evaluation, network, pictures)  # type: ignore[attr-defined]
    return PendingProblem(network, weights, targets, pictures, canvas)


def loss_weights(settings: Settings) -> LossWeights:
    """How much each term and layer counts; as floats, since an integer would compile the step again."""
    return LossWeights(
        float(settings.content_weight),
        float(settings.style_weight),
        float(settings.tv_weight),
        shares(settings.content_layer_weights, len(settings.content_layers)),
        shares(settings.style_layer_weights, len(settings.style_layers)),
        float(settings.photo_weight),
    )


def make_objective(settings: Settings) -> Objective:
    """The objective that the settings describe."""
    return Objective(
        settings.content_layers,
        settings.style_layers,
        settings.content_loss,
        settings.style_loss,
        settings.tv_loss,
        settings.content_target,
        photorealistic=settings.photo_weight > 0,
    )


def make_evaluation(
    weights: Weights, settings: Settings, platform: str | None = None
) -> tuple[Evaluation, nnx.State]:
    """The function to minimize, and the network's weights that it takes as an argument.

    In the form that suits a platform, `cpu`, `gpu` or `tpu`; None: that of this process's device.
    """
    objective = make_objective(settings)
    network = VGG(
        weights,
        objective.layers,
        pooling=settings.pooling,
        padding=settings.padding,
        form=form_for(platform) if platform else default_form(),
        dtype=jnp.dtype(settings.precision),
    )
    graph, arrays = nnx.split(network)
    return Evaluation(graph, objective), arrays
