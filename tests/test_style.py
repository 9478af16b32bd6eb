"""Style distances: the paper's formula and derivative, PyTorch's numbers, and invariances."""

import jax
import numpy as np
import pytest
from reference import losses
from reference.inputs import feature_maps, relative_error

from nstjax.losses import STYLE_LOSSES, moments
from nstjax.vgg.convolution import relu

every_loss = pytest.mark.parametrize("name", STYLE_LOSSES)


def distance(name, features, style):
    loss = STYLE_LOSSES[name]
    prepared = loss.prepare(moments(style), style.shape[-3] * style.shape[-2])
    return loss.distance(moments(features), prepared)


@pytest.mark.parametrize("reference", [losses.live, losses.stored])
@every_loss
def test_value_and_gradient_are_those_of_torch(name, reference):
    features, _, style = feature_maps()
    value, gradient = jax.value_and_grad(distance, argnums=1)(name, features, style)
    losses.assert_equal(value, gradient, reference()[f"style/{name}"])


@pytest.fixture
def same_size():
    """Features before the ReLU and a style's, with equally many positions."""
    generator = np.random.default_rng(7)
    before, style = generator.standard_normal((2, 6, 5, 4), np.float32)
    return before, np.maximum(style, 0)


def matrices(features):
    """The paper's F, N x M, in float64."""
    return features.reshape(-1, features.shape[-1]).T.astype(np.float64)


def test_gram_is_the_distance_of_the_paper(same_size):
    """Gatys et al. 2016, equation 4: `1/(4 N^2 M^2) sum (G - A)^2`."""
    features, style = np.maximum(same_size[0], 0), same_size[1]
    rows, style_rows = matrices(features), matrices(style)
    channels, positions = rows.shape
    difference = rows @ rows.T - style_rows @ style_rows.T
    expected = (difference**2).sum() / (4 * channels**2 * positions**2)
    assert float(distance("gram", features, style)) == pytest.approx(expected, rel=1e-5)


def test_the_derivative_is_that_of_the_paper(same_size):
    """Gatys et al. 2016, equation 6: `1/(N^2 M^2) (F^T (G - A))^T` where `F > 0`, else 0."""
    before, style = same_size
    rows, style_rows = matrices(np.maximum(before, 0)), matrices(style)
    channels, positions = rows.shape
    difference = rows @ rows.T - style_rows @ style_rows.T
    expected = (rows.T @ difference).T / (channels**2 * positions**2)
    expected[rows <= 0] = 0
    found = jax.grad(lambda x: distance("gram", relu(x), style))(before)
    assert relative_error(matrices(np.asarray(found)), expected) < 1e-5


@every_loss
def test_a_style_is_at_no_distance_from_itself(name):
    features, *_ = feature_maps()
    shuffled = features[::-1, ::-1]
    # The Wasserstein distance is a difference of sums, which leaves their rounding.
    rounding = 1e-6 if name == "w2" else 1e-9
    assert abs(float(distance(name, features, features))) <= rounding
    assert abs(float(distance(name, shuffled, features))) <= rounding
    assert float(distance(name, 0.9 * features, features)) > 100 * rounding


@pytest.mark.parametrize("name", ["energy", "covariance"])
def test_energies_have_no_units(name):
    features, _, style = feature_maps()
    plain = float(distance(name, features, style))
    assert float(distance(name, 1000 * features, 1000 * style)) == pytest.approx(plain, rel=1e-5)
    assert float(distance(name, 0 * features, style)) == pytest.approx(1)
    value, gradient = jax.value_and_grad(distance, argnums=1)(name, 0 * features, 0 * style)
    assert float(value) == 0
    np.testing.assert_array_equal(gradient, 0 * features)


@pytest.mark.parametrize("name", ["energy", "gram", "gram_chw", "covariance", "mean_std", "w2"])
def test_the_size_of_the_style_does_not_count(name):
    features, _, style = feature_maps()
    tiled = np.tile(style, (3, 2, 1))
    expected = float(distance(name, features, style))
    assert float(distance(name, features, tiled)) == pytest.approx(expected, rel=1e-5)


def test_covariance_does_not_see_the_means():
    features, _, style = feature_maps()
    moved = features + np.arange(6, dtype=np.float32)
    expected = float(distance("covariance", features, style))
    assert float(distance("covariance", moved, style)) == pytest.approx(expected, rel=1e-4)
    assert float(distance("energy", moved, style)) > 10


@pytest.mark.parametrize("name", ["mean_std", "w2"])
def test_gradients_are_finite_where_channels_are_constant(name):
    """A ReLU that is nowhere active, and a picture of one color."""
    features, _, style = feature_maps()
    dead = features.copy()
    dead[..., 2] = 0
    for picture, target in ((dead, style), (0 * features + 0.7, style), (features, 0 * dead)):
        value, gradient = jax.value_and_grad(distance, argnums=1)(name, picture, target)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@every_loss
def test_a_batch_is_a_loop_over_its_pictures(name):
    features, content, style = feature_maps()
    batch = np.stack([features, content])
    found = distance(name, batch, style)
    assert found.shape == (2,)
    for one, alone in zip(found, batch, strict=True):
        assert float(one) == pytest.approx(float(distance(name, alone, style)), rel=1e-5)
