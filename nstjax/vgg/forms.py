"""In which form the network is computed: the one place where that follows from the platform.

Every form computes the same values and gradients, up to rounding. Which one is fast depends on what the
program is compiled for, which may be another machine than this one, so it is named and never found out.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import nnx

from nstjax.feature_map import FeatureMap
from nstjax.machine.device import default_device, runs_triton
from nstjax.vgg.convolution import DIRECT, POOLINGS, WINOGRAD, Method, relu
from nstjax.vgg.first_strips import FirstStripConvolution
from nstjax.vgg.gpu import GpuConvolution, max_pool_one_pass, relu_and_sums
from nstjax.vgg.plain import FirstPlainConvolution, PlainConvolution
from nstjax.vgg.strips import StripConvolution, max_pool_of_strips

# Measured on a CPU, where Winograd's products begin to outweigh its transforms.
WINOGRAD_CHANNELS = 128


def plain_relu(x: FeatureMap) -> FeatureMap:
    """The ReLU of a map, however it is laid out."""
    return FeatureMap(relu(x.values), x.height, x.folds)


class Form(NamedTuple):
    """How the network is computed: makes its convolutions of kernels `(3, 3, I, O)` and biases."""

    # Also from a name of `PADDINGS`, and the number of poolings: pixels (H, W, 3) to a `FeatureMap`.
    first: Callable[[jax.Array, jax.Array, str, int], nnx.Module]
    deeper: Callable[[jax.Array, jax.Array], nnx.Module]  # a `FeatureMap` to another
    seen_relu: Callable[[FeatureMap], FeatureMap] = plain_relu  # of a map that the losses see
    poolings: dict[str, Callable[[jax.Array], jax.Array]] = POOLINGS


def plain_form(choose: Callable[[jax.Array], Method]) -> Form:
    """The network as it is written in the paper, with a method for each kernel."""

    def deeper(kernel: jax.Array, bias: jax.Array) -> PlainConvolution:
        return PlainConvolution(kernel, bias, choose(kernel))

    def first(
        kernel: jax.Array, bias: jax.Array, padding: str, poolings: int
    ) -> FirstPlainConvolution:
        del poolings
        return FirstPlainConvolution(kernel, bias, padding)

    return Form(first, deeper)


def directly(kernel: jax.Array) -> Method:
    """The compiler's own convolution."""
    del kernel
    return DIRECT


def winograd_where_wide(kernel: jax.Array) -> Method:
    """Winograd's where there are many channels."""
    return WINOGRAD if min(kernel.shape[2:]) >= WINOGRAD_CHANNELS else DIRECT


FORMS = {
    "plain": plain_form(directly),
    "winograd": plain_form(winograd_where_wide),
    "strips": Form(
        FirstStripConvolution,
        StripConvolution,
        poolings=POOLINGS | {"max": max_pool_of_strips},
    ),
    "fused": plain_form(directly)._replace(
        deeper=GpuConvolution,
        seen_relu=relu_and_sums,
        poolings=POOLINGS | {"max": max_pool_one_pass},
    ),
}

_OF_PLATFORMS = {"cpu": "winograd", "tpu": "strips", "gpu": "fused"}


def form_for(platform: str) -> str:
    """The fastest form, a name of `FORMS`, on a platform: `cpu`, `gpu` or `tpu`.

    Of graphics cards on those that run Triton; see `default_form`.
    """
    return _OF_PLATFORMS.get(platform, "plain")


def default_form() -> str:
    """The fastest form that runs on this process's device."""
    device = default_device()
    form = form_for(device.platform)
    return "plain" if form == "fused" and not runs_triton(device) else form
