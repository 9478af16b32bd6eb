"""Content losses: the paper's derivative, PyTorch's numbers, and what makes them comparable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import losses
from reference.inputs import feature_maps, relative_error

from nstjax.losses import CONTENT_LOSSES
from nstjax.vgg.convolution import relu

every_loss = pytest.mark.parametrize("name", CONTENT_LOSSES)


@pytest.mark.parametrize("reference", [losses.live, losses.stored])
@every_loss
def test_value_and_gradient_are_those_of_torch(name, reference):
    features, content, _ = feature_maps()
    value, gradient = jax.value_and_grad(CONTENT_LOSSES[name])(features, content)
    losses.assert_equal(value, gradient, reference()[f"content/{name}"])


def test_the_derivative_is_that_of_the_paper():
    """Gatys et al. 2016, equation 2: `F - P` where `F > 0`, else 0."""
    generator = np.random.default_rng(0)
    before, content = generator.standard_normal((2, 6, 5, 4), np.float32)
    gradient = jax.grad(lambda x: CONTENT_LOSSES["sum"](relu(x), content))(before)
    features = np.maximum(before, 0)
    assert relative_error(gradient, np.where(features > 0, features - content, 0)) < 1e-6


def test_energy_has_no_units():
    features, content, _ = feature_maps()
    energy = CONTENT_LOSSES["energy"]
    assert float(energy(1000 * features, 1000 * content)) == pytest.approx(
        float(energy(features, content)), rel=1e-5
    )
    assert float(energy(0 * content, content)) == pytest.approx(1)
    # Features that are zero everywhere, as of a black picture, are no reason to divide by zero.
    value, gradient = jax.value_and_grad(energy)(0 * content, 0 * content)
    assert float(value) == 0
    np.testing.assert_array_equal(gradient, 0 * content)


@every_loss
def test_the_content_itself_is_at_no_distance(name):
    features, *_ = feature_maps()
    value, gradient = jax.value_and_grad(CONTENT_LOSSES[name])(features, features)
    assert float(value) == 0
    np.testing.assert_array_equal(gradient, 0 * features)


@every_loss
def test_a_batch_is_a_loop_over_its_pictures(name):
    features, content, _ = feature_maps()
    batch = np.stack([features, 2 * features, content]), np.stack([content, content, features])
    found = CONTENT_LOSSES[name](*batch)
    expected = [CONTENT_LOSSES[name](*pair) for pair in zip(*batch, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@every_loss
def test_bfloat16_features_are_compared_in_float32(name):
    generator = np.random.default_rng(1)
    pair = [jnp.asarray(generator.random((64, 64, 3)), jnp.bfloat16) for _ in range(2)]
    features, content = (np.float64(values) for values in pair)
    square = (features - content) ** 2
    expected = {
        "sum": square.sum() / 2,
        "mean": square.mean(),
        "energy": square.sum() / (content**2).sum(),
    }
    found = CONTENT_LOSSES[name](*pair)
    assert found.dtype == jnp.float32
    assert float(found) == pytest.approx(expected[name], rel=1e-5)
