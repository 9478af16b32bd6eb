"""Every form of the network computes what the plain one does, in values and in gradients."""

import dataclasses
import os
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from reference.inputs import picture, relative_error

from nstjax import Settings
from nstjax.problem.evaluation import loss_weights, make_evaluation
from nstjax.problem.pending import pending_problem
from nstjax.problem.pictures import Canvas, Pictures, RegionView
from nstjax.vgg import FORMS, VGG, form_for, forms

PLATFORMS = {"cpu": "winograd", "gpu": "fused", "tpu": "strips"}


@pytest.fixture(autouse=True)
def hastily_compiled():
    """Each program runs once: what its compiler would save is less than what it takes."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


# Pairs of everything that matters: the network, how it pools, what lies around the picture, its size.
CASES = [
    ("vgg16", ("conv1_1", "relu1_2", "pool1", "conv2_2"), "average", "zeros", (67, 53)),
    ("vgg16", ("conv3_1", "pool2"), "max", "reflect", (67, 53)),
    ("vgg19", ("relu2_1", "conv4_4", "relu5_1"), "l2", "replicate", (37, 130)),
    ("vgg16", ("conv4_1", "pool5"), "average", "reflect", (150, 33)),
    ("vgg19", ("relu1_1", "pool3"), "max", "zeros", (256, 48)),
    ("vgg19", ("pool1",), "l2", "reflect", (16, 16)),
]


def features_and_gradient(weights, form, case, pixels, dtype):
    """Of two pictures at once; the gradient of a sum over random directions."""
    _, layers, pooling, padding, _ = case
    graph, arrays = nnx.split(
        VGG(weights, layers, pooling=pooling, padding=padding, form=form, dtype=dtype)
    )

    @jax.jit
    @jax.vmap
    def compute(pixels):
        def loss(pixels):
            maps = nnx.merge(graph, arrays).feature_maps(pixels)
            features = {name: found.plain for name, found in maps.items()}
            return sum(directed(values) for values in features.values()), features

        return jax.grad(loss, has_aux=True)(pixels)

    gradient, features = compute(pixels)
    return features, gradient


def directed(values):
    directions = np.random.default_rng(5).standard_normal(values.shape, np.float32)
    return jnp.vdot(directions, values.astype(jnp.float32 if values.itemsize < 4 else values.dtype))


def two_pictures(size):
    return np.stack([picture(*size), picture(*size)[::-1] ** 2])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_strips_are_exact(narrow, case):
    """In float64, where rounding decides no ReLU and no maximum."""
    with jax.enable_x64(True):
        pixels = np.float64(two_pictures(case[-1]))
        weights = narrow(case[0])
        (features, gradient), (found, found_gradient) = (
            features_and_gradient(weights, form, case, pixels, jnp.float64)
            for form in ("plain", "strips")
        )
    assert list(found) == list(features)
    for name, expected in features.items():
        assert relative_error(found[name], expected) < 1e-12, name
    assert relative_error(found_gradient, gradient) < 1e-12


def errors_of_each(found, expected):
    return [relative_error(*pair) for pair in zip(found, expected, strict=True)]


def check_gradients(found, expected):
    """Of one value near zero, rounding may decide whether the gradient passes: not in every picture."""
    errors = errors_of_each(found, expected)
    assert min(errors) < 1e-5
    assert max(errors) < 1e-2


@pytest.mark.parametrize("form", [name for name in FORMS if name != "plain"])
def test_every_form_is_the_plain_one_but_for_rounding(network, form):
    """A network as it is, down to where the last layers begin to repeat."""
    case = ("vgg19", ("conv1_2", "relu2_2", "conv3_2"), "average", "replicate", (19, 21))
    pixels = two_pictures(case[-1])
    (features, gradient), (found, found_gradient) = (
        features_and_gradient(network("vgg19"), each, case, pixels, jnp.float32)
        for each in ("plain", form)
    )
    for name, expected in features.items():
        assert max(errors_of_each(found[name], expected)) < 1e-5, name
    check_gradients(found_gradient, gradient)


def test_bfloat16_in_strips_is_no_further_from_plain_than_that_from_float32(narrow):
    case = ("vgg16", ("relu1_1", "conv2_2", "relu3_1"), "average", "zeros", (67, 53))
    weights, pixels = narrow("vgg16"), two_pictures(case[-1])
    (exact, exact_gradient), (features, gradient), (found, found_gradient) = (
        features_and_gradient(weights, form, case, pixels, dtype)
        for form, dtype in (
            ("plain", jnp.float32),
            ("plain", jnp.bfloat16),
            ("strips", jnp.bfloat16),
        )
    )
    for name, values in features.items():
        assert found[name].dtype == jnp.bfloat16
        values = values.astype(jnp.float32)
        error = relative_error(found[name].astype(jnp.float32), values)
        assert error <= relative_error(values, exact[name]), name
    error = relative_error(found_gradient, gradient)
    assert error <= relative_error(gradient, exact_gradient)


SETTINGS = Settings(
    content_layers=("conv2_1",),
    content_target="content",
    style_layers=("relu1_1", "conv3_1"),
    precision="float32",
)


def pictures_and_canvas(height, width):
    """Two styles, one in part of one region, soft masks that leave some of the content bare."""
    ramp = np.linspace(0, 1, width, dtype=np.float32) * np.ones((height, 1), np.float32)
    first, second = 0.9 * ramp**2, 0.8 * (1 - ramp)
    styles = picture(45, 50), picture(39, 61) ** 3
    part = np.zeros(styles[0].shape[:2], np.float32)
    part[5:31, 9:] = 0.7
    regions = (
        RegionView(0.4, first, (0.25, 0.75), (part, None)),
        RegionView(0.6, second, (None, 1.0), (None, None)),
    )
    content = picture(height, width) ** 2
    covered = (first + second)[..., np.newaxis]
    return Pictures(content, styles, regions), Canvas(content, covered)


def losses_and_gradients(weights, settings, platform, pixels):
    evaluation, network = make_evaluation(weights, settings, platform)
    pictures, canvas = pictures_and_canvas(*pixels.shape[1:3])
    layout = evaluation.layout(*pixels.shape[1:3])
    numbers = loss_weights(settings)
    whole = (
        pending_problem(evaluation, network, numbers, pictures, layout, canvas).compile().compute()
    )
    gradient = jax.value_and_grad(evaluation, has_aux=True)
    (_, losses), gradients = jax.jit(jax.vmap(gradient, (0, None)))(pixels, whole)
    return losses, gradients


@pytest.mark.parametrize(
    ("platform", "changes"),
    [
        ("tpu", {"content_target": "nearest", "pooling": "max"}),
        ("tpu", {"style_loss": "w2", "pooling": "average", "padding": "zeros"}),
        ("tpu", {"style_loss": "gram", "content_loss": "mean", "pooling": "l2"}),
        ("cpu", {"content_loss": "sum", "pooling": "average", "padding": "reflect"}),
    ],
    ids=str,
)
def test_losses_with_soft_masks_are_the_same_for_every_platform(narrow, platform, changes):
    weights, settings = narrow("vgg16"), dataclasses.replace(SETTINGS, **changes)
    pixels = two_pictures((43, 37))
    (expected, gradient), (found, found_gradient) = (
        losses_and_gradients(weights, settings, each, pixels) for each in ("gpu", platform)
    )
    for name, values in found._asdict().items():
        np.testing.assert_allclose(values, getattr(expected, name), rtol=1e-5, err_msg=name)
    check_gradients(found_gradient, gradient)


def test_each_platform_has_its_form():
    assert {platform: form_for(platform) for platform in PLATFORMS} == PLATFORMS
    assert set(PLATFORMS.values()) < set(FORMS)
    assert form_for("another") == "plain"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_form_follows_from_the_platform_that_is_named(narrow, monkeypatch, platform):
    """Never from where arrays are, which is this machine's processor."""
    settings = Settings(content_layers=("conv1_1",), style_layers=("conv3_1",))

    def form(*named):
        evaluation, network = make_evaluation(narrow("vgg16"), settings, *named)
        assert nnx.merge(evaluation.graph, network).form == PLATFORMS[platform]
        maps = jax.eval_shape(evaluation.features, network, picture(67, 53))
        return [found.values.shape for found in maps.values()]

    # Strips of 16 rows, which two poolings halve within two folds, and four of the third stage.
    expected = {"tpu": [(5, 8, 53, 16), (5, 4, 13, 32)]}
    assert form(platform) == expected.get(platform, [(1, 67, 53, 8), (1, 16, 13, 32)])
    device = SimpleNamespace(platform=platform, compute_capability="9.0")
    monkeypatch.setattr(forms, "default_device", lambda: device)
    assert form(platform) == form()


GATHERING = """
import jax, jax.numpy as jnp
from nstjax.feature_map import FeatureMap
from nstjax.losses import moments
from nstjax.vgg.convolution import average_pool, relu
from nstjax.vgg.strips import StripConvolution

convolutions = [
    StripConvolution(jnp.ones((3, 3, *channels)), jnp.ones(channels[1]))
    for channels in ((64, 64), (64, 128), (128, 256))
]

def loss(values):
    x = FeatureMap(values, 123, 2)
    for convolution in convolutions:
        x = convolution(x)
        x = FeatureMap(average_pool(relu(x.values)), x.height // 2, x.folds).cleared()
    return jnp.sum(moments(x).second)

mesh = jax.make_mesh((8,), ("strips",), axis_types=(jax.sharding.AxisType.Auto,))
shared = jax.NamedSharding(mesh, jax.P("strips"))
values = jax.ShapeDtypeStruct((8, 8, 32, 128), jnp.float32)
program = jax.jit(jax.grad(loss), in_shardings=shared, out_shardings=shared)
print(program.lower(values).compile().as_text())
"""


def test_devices_that_share_strips_hand_on_rows_and_gather_nothing():
    flags = "--xla_force_host_platform_device_count=8"
    environment = os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-W", "error", "-c", GATHERING]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    assert "collective-permute" in run.stdout
    assert "all-gather" not in run.stdout
