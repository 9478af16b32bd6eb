"""Convolution, ReLU and pooling: their values by hand, their gradients against JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from reference.inputs import relative_error

from nstjax.vgg import FORMS, form_for
from nstjax.vgg.convolution import (
    DIRECT,
    POOLINGS,
    WINOGRAD,
    adjoint_kernel,
    average_pool,
    convolve,
    l2_pool,
    max_pool,
    relu,
)
from nstjax.vgg.forms import plain_form

SHAPES = [
    (1, 1, 1, 1, 1),
    (2, 1, 4, 3, 2),
    (1, 2, 3, 2, 5),
    (2, 7, 6, 3, 8),
    (1, 13, 17, 40, 9),
]  # B, H, W, in, out


# Winograd's transforms subtract large numbers.
TOLERANCE = {DIRECT: 1e-6, WINOGRAD: 5e-6}

every_method = pytest.mark.parametrize("method", [DIRECT, WINOGRAD], ids=["direct", "winograd"])


def normal(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape, np.float32))


def apply(method, x, kernel, bias):
    prepared, adjoint = method.prepare(kernel), method.prepare(adjoint_kernel(kernel))
    return convolve(method.correlate, x, prepared, bias, adjoint)


@every_method
@pytest.mark.parametrize("shape", SHAPES)
def test_convolution_is_a_sum_over_shifted_pictures(method, shape):
    batch, height, width, inputs, outputs = shape
    x, kernel, bias = normal(*shape[:4]), normal(3, 3, inputs, outputs, seed=1), normal(outputs)
    padded = np.pad(np.float64(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.zeros((batch, height, width, outputs)) + np.float64(bias)
    for down in range(3):
        for across in range(3):
            part = padded[:, down : down + height, across : across + width]
            expected += part @ np.float64(kernel[down, across])
    assert relative_error(apply(method, x, kernel, bias), expected) < TOLERANCE[method]


@every_method
@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_of_convolution_is_that_of_jax(method, shape):
    *_, inputs, outputs = shape
    x, kernel, bias = normal(*shape[:4]), normal(3, 3, inputs, outputs, seed=1), normal(outputs)
    cotangent = normal(*shape[:3], outputs, seed=2)

    def plain(x):
        numbers = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=numbers) + bias

    (expected,) = jax.vjp(plain, x)[1](cotangent)
    (found,) = jax.vjp(lambda x: apply(method, x, kernel, bias), x)[1](cotangent)
    assert relative_error(found, expected) < TOLERANCE[method]


def test_deep_layers_are_tiled_on_a_cpu():
    def correlate(inputs):
        return (
            FORMS[form_for("cpu")].deeper(jnp.zeros((3, 3, inputs, 256)), jnp.zeros(256)).correlate
        )

    assert correlate(128) is WINOGRAD.correlate
    assert correlate(64) is DIRECT.correlate


@every_method
def test_convolution_keeps_bfloat16_in_both_directions(method):
    x, kernel = normal(1, 4, 4, 3).astype(jnp.bfloat16), normal(3, 3, 3, 2).astype(jnp.bfloat16)
    bias = jnp.zeros(2, jnp.bfloat16)
    found, back = jax.vjp(lambda x: apply(method, x, kernel, bias), x)
    assert found.dtype == back(found)[0].dtype == jnp.bfloat16


def test_relu_and_its_gradient():
    x = jnp.float32([-2, -0.0, 0.0, 1e-30, 3, jnp.inf])
    np.testing.assert_array_equal(relu(x), np.float32([0, 0, 0, 1e-30, 3, np.inf]))
    # At zero the gradient is zero, as in PyTorch.
    (gradient,) = jax.vjp(relu, x)[1](jnp.arange(1, 7, dtype=jnp.float32))
    np.testing.assert_array_equal(gradient, [0, 0, 0, 4, 5, 6])
    x = normal(4, 5)
    cotangent = normal(4, 5, seed=1)
    (found,) = jax.vjp(relu, x)[1](cotangent)
    np.testing.assert_array_equal(found, jax.vjp(jax.nn.relu, x)[1](cotangent)[0])


def blocks(x, height, width):
    """The four values of each block `(B, H // 2, W // 2, C, 4)`."""
    corners = [x[:, i : height // 2 * 2 : 2, j : width // 2 * 2 : 2] for i, j in np.ndindex(2, 2)]
    return np.stack(corners, axis=-1)


@pytest.mark.parametrize(("height", "width"), [(2, 2), (4, 6), (5, 7), (3, 2)])
@pytest.mark.parametrize("name", POOLINGS)
def test_pooling_reduces_each_block(name, height, width):
    x = normal(2, height, width, 3)
    reduction = {
        "average": np.mean,
        "max": np.max,
        "l2": lambda values, axis: np.sqrt(np.mean(np.square(values), axis)),
    }[name]
    expected = reduction(blocks(np.asarray(x), height, width), axis=-1)
    np.testing.assert_allclose(POOLINGS[name](x), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7)])
def test_the_gradient_of_pooling_goes_to_the_pixels_of_the_block(height, width):
    x = normal(2, height, width, 3)
    cotangent = normal(2, height // 2, width // 2, 3, seed=1)
    spread = np.zeros(x.shape, np.float32)
    spread[:, : height // 2 * 2, : width // 2 * 2] = np.kron(cotangent, np.ones((1, 2, 2, 1)))
    (found,) = jax.vjp(average_pool, x)[1](cotangent)
    np.testing.assert_allclose(found, spread / 4, rtol=1e-6)

    largest = np.zeros(x.shape, bool)
    largest[:, : height // 2 * 2, : width // 2 * 2] = np.asarray(x)[
        :, : height // 2 * 2, : width // 2 * 2
    ] == np.kron(blocks(np.asarray(x), height, width).max(-1), np.ones((1, 2, 2, 1)))
    (found,) = jax.vjp(max_pool, x)[1](cotangent)
    np.testing.assert_array_equal(found, np.where(largest, spread, 0))


def test_the_gradient_of_l2_pooling_is_each_value_over_four_times_the_root():
    x = normal(1, 4, 6, 2).at[:, :2, :2].set(0)  # a block of zeros has gradient zero
    pooled, pull = jax.vjp(l2_pool, x)
    cotangent = normal(1, 2, 3, 2, seed=1)
    wide = np.ones((1, 2, 2, 1))
    root = np.kron(np.asarray(pooled), wide)
    expected = np.kron(cotangent, wide) * np.asarray(x) / np.where(root == 0, 1, 4 * root)
    np.testing.assert_allclose(pull(cotangent)[0], expected, rtol=1e-5, atol=1e-7)


def test_equal_maxima_share_the_gradient():
    (found,) = jax.vjp(max_pool, jnp.ones((1, 2, 2, 1)))[1](jnp.ones((1, 1, 1, 1)))
    np.testing.assert_array_equal(found, np.full((1, 2, 2, 1), 0.25))


# Also a method that no form has for as few channels as pixels.
FIRST = {name: form.first for name, form in FORMS.items()} | {
    "tiles": plain_form(lambda _: WINOGRAD).first
}


@pytest.mark.parametrize("form", FIRST)
@pytest.mark.parametrize(
    ("name", "mode"), [("zeros", "constant"), ("replicate", "edge"), ("reflect", "reflect")]
)
def test_a_border_goes_on_as_numpy_pads(form, name, mode):
    """Correlation over the padded picture, written out; its gradient by exact differences."""
    random = np.random.default_rng(0)
    x, kernel = random.normal(size=(5, 7, 3)), random.normal(size=(3, 3, 3, 4))
    bias = random.normal(size=4)

    def expected(x):
        around = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode=mode)
        taps = np.ndindex(3, 3)
        return sum(around[i : i + 5, j : j + 7] @ kernel[i, j] for i, j in taps)

    first = FIRST[form](*(jnp.asarray(each, jnp.float32) for each in (kernel, bias)), name, 2)

    single = jnp.asarray(x, jnp.float32)
    np.testing.assert_allclose(first(single).plain, expected(x) + bias, atol=1e-4)
    cotangent = random.normal(size=(5, 7, 4))
    gradient = jax.grad(lambda x: jnp.sum(cotangent.astype(np.float32) * first(x).plain))(single)
    # The map is linear but for the bias: its differences are its derivative.
    units = np.eye(x.size).reshape(-1, *x.shape)
    differences = [np.sum(cotangent * expected(unit)) for unit in units]
    np.testing.assert_allclose(gradient, np.reshape(differences, x.shape), atol=1e-4)
