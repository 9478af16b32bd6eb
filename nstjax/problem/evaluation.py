"""Style transfer as an optimization problem: network and objective joined into one function."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.flatten_util import ravel_pytree

from nstjax.feature_map import FeatureMap
from nstjax.losses import Losses, LossWeights, Maps, Objective, Part, Targets, Totals
from nstjax.problem.pictures import Array, Canvas
from nstjax.settings import Settings, shares
from nstjax.tiles import (
    BY_ROWS,
    EVERYWHERE,
    ROWS,
    Layout,
    make_layout,
    to_span,
    totals_and_pullback,
)
from nstjax.vgg import (
    VGG,
    WINOGRAD_TILE,
    Weights,
    channels,
    default_form,
    field,
    form_for,
    poolings,
)


class Problem(NamedTuple):
    """What the loss depends on besides the pixels: traced, never baked into a compiled program."""

    network: nnx.State  # the network's weights
    targets: Targets
    weights: LossWeights
    canvas: Canvas | None = None  # None: all is painted
    layout: Layout | None = None  # None: one window, on one device

    @property
    def below(self) -> tuple[Maps, Canvas | None]:
        """What lies under the picture, position by position."""
        return self.targets.maps, self.canvas

    def with_below(self, below: tuple[Any, Any]) -> "Problem":
        """The same with something else in its place."""
        maps, canvas = below
        return self._replace(targets=self.targets._replace(maps=maps), canvas=canvas)

    @property
    def specs(self) -> "Problem":
        """Where each array of it lies in the mesh of several devices."""
        everywhere = jax.tree.map(lambda _: EVERYWHERE, self)
        return everywhere.with_below(jax.tree.map(lambda _: BY_ROWS, self.below))


@dataclass(frozen=True)
class Evaluation:
    """The loss as a hashable function of pixels: equal ones share their compiled programs."""

    graph: nnx.GraphDef[VGG]
    objective: Objective
    architecture: str

    def __call__(self, pixels: jax.Array, problem: Problem) -> tuple[jax.Array, Losses]:
        """The loss of pixels `(H, W, 3)`, and its terms."""
        return _loss(self, pixels, problem)

    def features(self, network: nnx.State, pixels: Array) -> dict[str, FeatureMap]:
        """Feature maps of one picture `(H, W, 3)`."""
        return nnx.merge(self.graph, network).feature_maps(jnp.asarray(pixels))

    @functools.cached_property
    def poolings(self) -> dict[str, int]:
        """How many lie before each layer."""
        return poolings(self.architecture, self.objective.layers)

    @property
    def can_forget_content(self) -> bool:
        """Whether what is wanted at the content layers can be had from a crop of the content alone."""
        return bool(self.objective.content_layers) and not self.objective.swaps

    @functools.cached_property
    def channels(self) -> dict[str, int]:
        """How many each layer has."""
        return channels(self.architecture, self.objective.layers)

    def layout(self, height: int, width: int, **others: Any) -> Layout:
        """How a picture of that size lies; see `make_layout`."""
        # Differences of neighbors and windows of the Matting Laplacian look two pixels ahead.
        reach = max(2, field(self.architecture, self.objective.layers))
        stride = 2 ** max(self.poolings.values(), default=0)
        halo, unit = -(-reach // stride) * stride, WINOGRAD_TILE * stride
        return make_layout(height, width, halo=halo, unit=unit, **others)

    def totals(
        self,
        problem: "Problem",
        pixels: jax.Array,
        below: tuple[Maps, Canvas | None],
        part: Part | None,
    ) -> Totals:
        """What a picture, or a crop of it, adds to the sums that the losses are made of.

        `below` is what lies under it: the problem's, or a crop of that.
        """
        network, (maps, canvas) = problem.network, below
        seen = pixels if canvas is None else canvas(pixels)
        if not maps.content and self.objective.content_layers:  # not kept
            assert maps.photograph is not None
            content = self.features(network, maps.photograph)
            maps = maps._replace(content=jax.lax.stop_gradient(content))
        if problem.targets.offered:
            content = self.objective.content_at(maps.content, problem.targets.offered)
            maps = maps._replace(content=content)
        return self.objective.totals(seen, self.features(network, seen), maps, part)

    def losses_and_gradient(self, pixels: jax.Array, problem: Problem) -> tuple[Losses, jax.Array]:
        """The terms for pixels `(H, W, 3)`, and the gradient of their weighted sum."""
        layout = problem.layout or self.layout(*pixels.shape[:2])
        function = functools.partial(self._on_one_device, layout)
        specs = (BY_ROWS, problem.specs), (EVERYWHERE, BY_ROWS)
        return on_all_devices(layout, function, *specs)(pixels, problem)

    def _on_one_device(
        self, layout: Layout, pixels: jax.Array, problem: Problem, device: jax.typing.ArrayLike
    ) -> tuple[Losses, jax.Array]:
        """The same, of the rows that one device holds. The terms are those of the whole picture."""
        span, to_rows = jax.vjp(lambda rows: to_span(layout, rows, device), pixels)
        totals, pullback = totals_and_pullback(
            functools.partial(self.totals, problem),
            span,
            problem.below,
            layout,
            self.poolings,
            device,
        )

        def of_totals(totals: Totals) -> tuple[jax.Array, Losses]:
            losses = self.objective.losses(totals, problem.targets, problem.weights)
            return losses.total, losses

        totals = sum_over_devices(layout, totals)
        cotangent, losses = jax.grad(of_totals, has_aux=True)(totals)
        (gradient,) = to_rows(pullback(cotangent))
        return losses, gradient


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _loss(evaluation: Evaluation, pixels: jax.Array, problem: Problem) -> tuple[jax.Array, Losses]:
    return _loss_forward(evaluation, pixels, problem)[0]


def _loss_forward(evaluation, pixels, problem):
    losses, gradient = evaluation.losses_and_gradient(pixels, problem)
    return (losses.total, losses), gradient


def _loss_backward(evaluation, gradient, cotangents):
    del evaluation
    # Of the total alone: the terms are there to be reported.
    return cotangents[0] * gradient, None


_loss.defvjp(_loss_forward, _loss_backward)


def on_all_devices(
    layout: Layout, function: Callable[..., Any], in_specs: Any, out_specs: Any
) -> Callable[..., Any]:
    """A function of what one device has, and of its place in the mesh, run on each.

    Whatever it says to the others, it says itself: one sum, and the borders. Without a mesh there is one
    device, which has everything.
    """

    def on_each(*arguments: Any) -> Any:
        return function(*arguments, 0 if layout.mesh is None else jax.lax.axis_index(ROWS))

    if layout.mesh is None:
        return on_each
    return jax.shard_map(
        on_each, mesh=layout.mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False
    )


def sum_over_devices(layout: Layout, sums: Any) -> Any:
    """The sums of all devices: one message, however many arrays."""
    if layout.mesh is None:
        return sums
    flat, again = ravel_pytree(sums)
    return again(jax.lax.psum(flat, ROWS))


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
    return Evaluation(graph, objective, weights.architecture), arrays
