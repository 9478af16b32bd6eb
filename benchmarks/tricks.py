"""What does each trick gain?

Seconds of a step of the default recipe, as the loop runs it, without the trick over those with it: above
1 it is a gain. nstjax uses some, which are turned off here; others are turned on, and stand here because
they lost.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from benchmarks.context import Context
from benchmarks.ours import Ours, chunk_steps
from benchmarks.report import Table, with_range
from benchmarks.settings import matched_settings
from benchmarks.timing import alternate, ratios
from nstjax.feature_map import FeatureMap
from nstjax.vgg import FORMS, convolution, features, forms, plain, winograd

CPU_SIZES = (512,)
ACCELERATOR_SIZES = (256, 1024, 2048)
ROUNDS = 5
CHANNELS_OF_PADDED_PIXELS = 8
MOMENTS = importlib.import_module(
    "nstjax.losses.moments"
)  # the package has a function of that name


def cases(context: Context) -> list[dict]:
    """Every trick that the platform knows at every size."""
    sizes = context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)
    tricks = [name for name, trick in TRICKS.items() if context.on_cpu or not trick.cpu_only]
    return [{"trick": trick, "size": size} for size in sizes for trick in tricks]


def measure(context: Context, case: dict) -> dict:
    """Seconds of a step as it is, and with the trick the other way."""
    scene = context.scene(case["size"])
    steps = chunk_steps(scene.level, context.platform)

    def runner() -> Callable[[], None]:
        run = Ours(context.weights, matched_settings("default"), scene).start(
            scene.content, "lbfgs", steps
        )
        for _ in range(2):
            run.run()
        return run.run

    trick, runs = TRICKS[case["trick"]], {}
    for name, change in (("with", trick.turned_on), ("without", trick.turned_off)):
        jax.clear_caches()  # what was traced before knows nothing of the change
        with change():
            runs[name] = runner()
    jax.clear_caches()
    times = alternate(runs, context.rounds(ROUNDS), context.deadline)
    return {
        "used": trick.used,
        "seconds": {name: [value / steps for value in found] for name, found in times.items()},
    }


def tables(rows: list[dict]) -> list[Table]:
    """A line a trick."""
    return [
        Table(
            "Seconds of the step without the trick over those with it (lowest, highest).",
            [
                {
                    "px": str(row["case"]["size"]),
                    "trick": row["case"]["trick"],
                    "gain": with_range(
                        ratios(
                            row["result"]["seconds"]["without"], row["result"]["seconds"]["with"]
                        )
                    ),
                    "used": "yes" if row["result"]["used"] else "no",
                }
                for row in rows
            ],
        )
    ]


def _direct_everywhere():
    return mock.patch.dict(FORMS, {"winograd": FORMS["plain"]})


@contextlib.contextmanager
def _gradient_of_jax() -> Iterator[None]:
    def convolve(correlate, x, kernel, bias, adjoint):
        del correlate, adjoint
        return convolution.DIRECT.correlate(x, kernel) + bias

    def convolve_inside(x, kernel, bias, adjoint):
        del adjoint
        return (
            lax.conv_general_dilated(
                x, kernel, (1, 1), "VALID", dimension_numbers=convolution.LAYOUT
            )
            + bias
        )

    found = {"convolve": convolve, "convolve_inside": convolve_inside}
    with _direct_everywhere(), mock.patch.multiple(plain, **found):
        yield


def _relu_masked_by_input():
    return mock.patch.object(forms, "relu", jax.nn.relu)


def _pool_by_reshape():
    def pool(x):
        batch, height, width, channels = x.shape
        x = x[:, : height // 2 * 2, : width // 2 * 2]
        return x.reshape(batch, height // 2, 2, width // 2, 2, channels).mean((2, 4))

    return mock.patch.dict(features.POOLINGS, {"average": pool})


def _gradient_of_gram_by_jax():
    def gram(folds, values):
        del folds
        return jnp.einsum(
            "...shwm,...shwn->...mn", values, values, preferred_element_type=jnp.float32
        )

    return mock.patch.object(MOMENTS, "_gram", gram)


class _Widened(nnx.Module):
    """A first convolution with kernels for more channels than pixels have."""

    def __init__(self, convolution: nnx.Module, more: int):
        self.convolution = convolution
        self.more = more

    def __call__(self, pixels: jax.Array) -> FeatureMap:
        return self.convolution(jnp.pad(pixels, ((0, 0), (0, 0), (0, self.more))))


def _padded_first_layer():
    def padded(form):
        def first(kernel, *rest):
            more = CHANNELS_OF_PADDED_PIXELS - kernel.shape[2]
            kernel = jnp.pad(kernel, ((0, 0), (0, 0), (0, more), (0, 0)))
            return _Widened(form.first(kernel, *rest), more)

        return form._replace(first=first)

    return mock.patch.dict(FORMS, {name: padded(form) for name, form in FORMS.items()})


def _winograd_from_64_channels():
    return mock.patch.object(forms, "WINOGRAD_CHANNELS", 64)


def _bfloat16():
    usual = Ours.__init__

    def init(self, weights, settings, scene):
        usual(self, weights, replace(settings, precision="bfloat16"), scene)

    return mock.patch.object(Ours, "__init__", init)


@contextlib.contextmanager
def _tiles_apart() -> Iterator[None]:
    combine = winograd._combine
    with mock.patch.object(
        winograd, "_combine", lambda *arguments: lax.optimization_barrier(combine(*arguments))
    ):
        yield


class Trick(NamedTuple):
    """Whether nstjax uses it, and what makes the step with it and without."""

    used: bool
    turned_on: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext
    turned_off: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext
    cpu_only: bool = False


TRICKS = {
    "Winograd's convolution from 128 channels on": Trick(
        True, turned_off=_direct_everywhere, cpu_only=True
    ),
    "gradient of a direct convolution as another": Trick(
        True, _direct_everywhere, _gradient_of_jax
    ),
    "ReLU masked by its output": Trick(True, turned_off=_relu_masked_by_input),
    "average pool by reduce_window": Trick(True, turned_off=_pool_by_reshape),
    "gradient of the Gram matrix as one product": Trick(True, turned_off=_gradient_of_gram_by_jax),
    "bfloat16 features": Trick(False, _bfloat16),
    "first layer padded to 8 channels": Trick(False, _padded_first_layer),
    "Winograd's convolution from 64 channels on": Trick(
        False, _winograd_from_64_channels, cpu_only=True
    ),
    "Winograd's stages kept apart": Trick(False, _tiles_apart, cpu_only=True),
}
