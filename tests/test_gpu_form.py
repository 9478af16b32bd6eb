"""The form for a GPU, on the CPU: the values and gradients of the plain one, kernel included."""

import functools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference.inputs import picture, relative_error

from nstjax.feature_map import FeatureMap
from nstjax.losses import moments
from nstjax.machine.device import runs_triton
from nstjax.vgg import VGG, default_form, form_for, forms
from nstjax.vgg.convolution import (
    DIRECT,
    adjoint_kernel,
    convolve,
    convolve_inside,
    max_pool,
)
from nstjax.vgg.gpu import max_pool_one_pass, relu_and_sums
from nstjax.vgg.masked_product import by_kernel, fits_kernel, masked_product, plain
from nstjax.vgg.strips import max_pool_of_strips

LAYERS = ("relu1_1", "relu1_2", "relu2_1", "conv2_2", "pool2", "relu3_1")


def normal(*shape, seed=0, dtype=jnp.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape, np.float32), dtype)


def products_arguments(*shape, dtype=jnp.bfloat16):
    channels = shape[-1]
    matrix = normal(channels, channels, seed=2)
    return (
        jnp.maximum(normal(*shape, dtype=dtype), 0),
        normal(*shape, seed=1, dtype=dtype),
        (matrix + matrix.T).astype(dtype),
        normal(channels, seed=3),
    )


@pytest.mark.parametrize("channels", [64, 128, 256])
@pytest.mark.parametrize("sides", [(16, 16), (5, 7), (1, 131)], ids=str)
def test_the_kernel_adds_and_masks_as_the_formula_says(channels, sides):
    y, gradient, matrix, row = arguments = products_arguments(1, *sides, channels)
    found = np.float64(by_kernel(*arguments, interpret=True))
    y, gradient, matrix, row = (np.float64(each) for each in arguments)
    expected = np.where(y > 0, gradient + y @ matrix + row, 0)
    assert relative_error(found, expected) < 4e-3  # rounded once, to 8 bits
    assert relative_error(plain(*arguments), expected) < 8e-3  # twice or three times
    np.testing.assert_array_equal(found[y == 0], 0)


def test_the_kernel_keeps_several_pictures_apart():
    first = products_arguments(1, 3, 5, 64)
    pictures = first, tuple(jnp.flip(each, -1) for each in first)
    stacked = [jnp.stack(both) for both in zip(*pictures, strict=True)]
    together = jax.vmap(lambda *each: by_kernel(*each, interpret=True))(*stacked)
    for found, alone in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(found, by_kernel(*alone, interpret=True))


def test_what_the_kernel_cannot_take_goes_without():
    def fits(*shape, dtype=jnp.bfloat16):
        return fits_kernel(jax.ShapeDtypeStruct(shape, dtype))

    assert fits(1, 1024, 1024, 64)
    assert fits(1, 3, 5, 512)
    assert not fits(1, 8, 8, 64, dtype=jnp.float32)
    assert not fits(1, 8, 8, 96)
    assert not fits(1, 0, 8, 64)
    assert not fits(1, 8192, 4096, 64)  # 2^31 numbers


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_elsewhere_the_product_is_the_plain_one(dtype):
    arguments = products_arguments(1, 4, 6, 64, dtype=dtype)
    np.testing.assert_array_equal(masked_product(*arguments), plain(*arguments))


def networks(network, pooling, padding, dtype=jnp.float32):
    settings = {"pooling": pooling, "padding": padding, "dtype": dtype}
    return [VGG(network("vgg16"), LAYERS, form=form, **settings) for form in ("plain", "fused")]


def loss_of(network):
    """Of every kind of use: moments, values, both, and neither."""

    def loss(pixels):
        features = network.feature_maps(pixels)
        seen = [moments(features[name]) for name in ("relu1_1", "relu2_1", "relu3_1")]
        style = sum(jnp.mean(jnp.square(each.second)) + jnp.mean(each.mean) for each in seen)
        weights = jnp.linspace(0, 1, features["relu1_2"].positions)
        weighted = moments(
            features["relu1_2"], weights.reshape(features["relu1_2"].values.shape[1:3])
        )
        content = [jnp.mean(jnp.square(features[name].values)) for name in LAYERS[2:]]
        return 1e-8 * style + sum(content) + jnp.mean(weighted.second)

    return loss


@pytest.mark.parametrize(
    ("pooling", "padding"), [("average", "zeros"), ("max", "replicate"), ("l2", "reflect")]
)
def test_losses_and_gradients_are_those_of_the_plain_form(network, pooling, padding):
    pixels = jnp.asarray(picture(21, 30))
    (expected, right), (found, gradient) = (
        jax.value_and_grad(loss_of(each))(pixels) for each in networks(network, pooling, padding)
    )
    assert relative_error(found, expected) < 1e-6
    assert relative_error(gradient, right) < 1e-5


def test_several_pictures_have_the_features_of_each(network):
    _, fused = networks(network, "max", "replicate")
    pixels = jnp.stack([picture(16, 18), picture(16, 18)[::-1]])
    together = fused(pixels)
    for place in (0, 1):
        for name, values in fused(pixels[place][jnp.newaxis]).items():
            assert relative_error(together[name][place], values[0]) < 1e-6


def test_the_sums_are_moments_and_have_their_gradients():
    x = FeatureMap(normal(1, 5, 7, 6), 5)

    def statistics(values, activate):
        found = moments(activate(FeatureMap(values, 5)))
        return jnp.sum(found.mean * normal(6, seed=1)) + jnp.sum(
            found.second * normal(6, 6, seed=2)
        )

    expected, right = jax.value_and_grad(statistics)(x.values, forms.plain_relu)
    found, gradient = jax.value_and_grad(statistics)(x.values, relu_and_sums)
    assert relative_error(found, expected) < 1e-6
    assert relative_error(gradient, right) < 1e-6


def test_a_map_without_style_costs_no_product():
    def content(values):
        return jnp.sum(jnp.square(relu_and_sums(FeatureMap(values, 5)).values))

    text = jax.jit(jax.grad(content)).lower(normal(1, 5, 7, 6)).compile().as_text()
    assert text is not None
    assert " dot(" not in text
    x = normal(1, 5, 7, 6)
    np.testing.assert_array_equal(jax.grad(content)(x), 2 * jnp.maximum(x, 0))


@pytest.mark.parametrize("pool", [max_pool_one_pass, max_pool_of_strips])
@pytest.mark.parametrize("shape", [(1, 6, 8, 5), (2, 7, 9, 3), (1, 3, 2, 1)], ids=str)
def test_equal_maxima_share_the_gradient_of_their_block(pool, shape):
    x = jnp.round(normal(*shape))  # many are equal
    found, back = jax.vjp(pool, x)
    np.testing.assert_array_equal(found, max_pool(x))
    cotangent = normal(*found.shape, seed=1)
    expected = np.zeros(shape, np.float32)
    for batch, row, column, channel in np.ndindex(*found.shape):
        at = batch, slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2), channel
        are_maxima = x[at] == found[batch, row, column, channel]
        expected[at] = cotangent[batch, row, column, channel] * are_maxima / np.sum(are_maxima)
    np.testing.assert_allclose(back(cotangent)[0], expected, rtol=1e-6)


def test_a_convolution_inside_is_one_with_zeros_cut_off():
    x, kernel, bias = normal(1, 6, 9, 3), normal(3, 3, 3, 5, seed=1), normal(5)
    arrays = kernel, bias, adjoint_kernel(kernel)
    expected, back = jax.vjp(lambda x: convolve(DIRECT.correlate, x, *arrays)[:, 1:-1, 1:-1], x)
    found, back_inside = jax.vjp(lambda x: convolve_inside(x, *arrays), x)
    assert relative_error(found, expected) < 1e-6
    cotangent = normal(*found.shape, seed=2)
    assert relative_error(back_inside(cotangent)[0], back(cotangent)[0]) < 1e-6


def test_the_form_follows_from_the_device(monkeypatch):
    def card(capability):
        return types.SimpleNamespace(platform="gpu", compute_capability=capability)

    assert form_for("gpu") == "fused"
    assert default_form() == form_for(jax.devices()[0].platform)
    assert [runs_triton(card(each)) for each in ("8.0", "10.0", "7.5", "gfx942")] == [1, 1, 0, 0]
    for capability, form in (("9.0", "fused"), ("7.5", "plain")):
        monkeypatch.setattr(forms, "default_device", functools.partial(card, capability))
        assert default_form() == form
