"""The Wasserstein distance where the style has fewer positions than channels, and its iteration."""

import jax
import numpy as np
import pytest
from reference.inputs import relative_error

from nstjax.losses import STYLE_LOSSES, moments
from nstjax.losses.wasserstein import cholesky_and_inverse, polar_factor

W2 = STYLE_LOSSES["w2"]
RIDGE = 5e-4


def feature_map(seed, height, width, channels, scale=100):
    """After a ReLU, with channels of very different size as in a trained network."""
    generator = np.random.default_rng(seed)
    sizes = np.float32(scale) * np.logspace(0, -2, channels, dtype=np.float32)
    drawn = generator.standard_normal((height, width, channels), np.float32)
    mixing = np.linalg.qr(generator.standard_normal((channels, channels)))[0].astype(np.float32)
    return np.maximum((drawn * sizes) @ mixing + sizes.mean(), 0)


def w2(features, style):
    return W2.distance(
        moments(features), W2.prepare(moments(style), style.shape[0] * style.shape[1])
    )


def expected(features, style):
    """The distance in float64 by singular values, with noise of the ridge in the style's span."""
    picture, painting = (
        each.reshape(-1, each.shape[-1]).astype(float) for each in (features, style)
    )
    channels = picture.shape[1]
    means = np.mean((picture.mean(0) - painting.mean(0)) ** 2)
    ridge = RIDGE * np.mean(painting**2)
    picture, painting = (each - each.mean(0) for each in (picture, painting))
    rank = min(channels, len(painting) - 1)
    span = np.linalg.svd(painting)[2][:rank].T
    roots = []
    for each in (picture @ span, painting @ span):
        values, vectors = np.linalg.eigh(each.T @ each / len(each) + ridge * np.eye(rank))
        roots.append((vectors * np.sqrt(values)) @ vectors.T)
    nuclear = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    variances = np.mean(picture**2) + np.mean(painting**2) + 2 * ridge * rank / channels
    return means + variances - 2 * nuclear / channels


SHAPES = {
    "more positions than channels": ((7, 8, 24), (6, 9, 24)),
    "a style of fewer": ((7, 8, 24), (3, 4, 24)),
    "both of fewer": ((3, 4, 24), (2, 5, 24)),
    "a picture of fewer": ((3, 4, 24), (6, 9, 24)),
    "a style of one position": ((3, 4, 24), (1, 1, 24)),
}


@pytest.fixture(params=SHAPES)
def pair(request):
    return tuple(feature_map(seed, *shape) for seed, shape in enumerate(SHAPES[request.param]))


def test_the_value_is_that_of_singular_values(pair):
    assert float(w2(*pair)) == pytest.approx(expected(*pair), rel=1e-5)


def test_the_derivative_is_that_of_finite_differences(pair):
    features, style = pair
    gradient = np.asarray(jax.grad(w2)(features, style), float)
    generator = np.random.default_rng(5)
    for _ in range(3):
        # Half along the gradient, so that the derivative is no small difference.
        direction = generator.standard_normal(features.shape)
        direction = direction / np.linalg.norm(direction) + gradient / np.linalg.norm(gradient)
        step = 1e-4 * direction
        difference = expected(features + step, style) - expected(features - step, style)
        assert np.vdot(gradient, 2 * step) == pytest.approx(difference, rel=1e-3)


def test_without_the_ridge_it_is_the_distance_of_two_commuting_gaussians():
    """For diagonal covariances: `mean (mu - mu*)^2 + mean (sd - sd*)^2`; here four corners each."""
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32).reshape(2, 2, 2)
    found = float(w2(5 + corners * np.float32([3, 1]), 4 + corners * np.float32([1, 2])))
    assert found == pytest.approx(1 + (2**2 + 1**2) / 2, rel=0.02)


@pytest.mark.parametrize("least", [0.9, 1e-1, 1e-2, 1e-3, 1e-4])
def test_the_polar_factor_is_that_of_singular_values(least):
    generator = np.random.default_rng(6)
    left, right = (np.linalg.qr(generator.standard_normal((20, 20)))[0] for _ in range(2))
    matrix = 1000 * (left * np.geomspace(1, least, 20)) @ right
    found = polar_factor(np.float32(matrix), np.float32(np.linalg.inv(matrix)))
    assert relative_error(found, left @ right) < 1e-7 / least + 1e-6
    assert relative_error(np.asarray(found).T @ found, np.eye(20)) < 1e-5


@pytest.mark.parametrize("size", [1, 15, 16, 37])
def test_the_triangular_factor_and_its_inverse_are_those_of_numpy(size):
    generator = np.random.default_rng(9)
    rows = generator.standard_normal((2, 2 * size, size))
    matrices = rows.swapaxes(1, 2) @ rows
    lower, inverse = cholesky_and_inverse(np.float32(matrices))
    expected = np.linalg.cholesky(matrices)
    assert relative_error(lower, expected) < 1e-6
    assert relative_error(inverse, np.linalg.inv(expected)) < 1e-5
    np.testing.assert_array_equal(np.triu(lower, 1), 0)
    np.testing.assert_array_equal(np.triu(inverse, 1), 0)
