"""The photorealism term: Levin's matrix entry by entry, what costs nothing, and what does."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference.inputs import picture, relative_error

import nstjax
from nstjax.images import read, resize
from nstjax.losses.matting import photorealism, prepare_matting

RIDGE = 1e-4
COLOR_MAP = np.float32([[0.8, 0.1, 0], [0.2, 0.5, 0.1], [0, 0.3, -0.6]])
DEMO = Path(nstjax.__file__).parent / "demo"


def levins_matrix(photograph):
    """Levin et al. 2006, equation 12, in float64: `(H W, H W)`."""
    height, width, _ = photograph.shape
    pixels = photograph.reshape(-1, 3).astype(float)
    numbers = np.arange(height * width).reshape(height, width)
    matrix = np.zeros((height * width, height * width))
    for row in range(height - 2):
        for column in range(width - 2):
            window = numbers[row : row + 3, column : column + 3].ravel()
            colors = pixels[window] - pixels[window].mean(0)
            covariance = colors.T @ colors / 9 + RIDGE / 9 * np.eye(3)
            explained = (1 + colors @ np.linalg.inv(covariance) @ colors.T) / 9
            matrix[np.ix_(window, window)] += np.eye(9) - explained
    return matrix


@jax.jit
@jax.value_and_grad
def cost_and_gradient(pixels, photograph):
    return photorealism(pixels, prepare_matting(photograph))


def cost(pixels, photograph):
    return float(cost_and_gradient(pixels, photograph)[0])


def noisy(pixels, size=0.1):
    noise = np.random.default_rng(7).standard_normal(pixels.shape, np.float32)
    return pixels + np.float32(size) * noise


def ramp():
    """Dark to light, so flat that its colors vary less than its noise."""
    rows, columns = np.mgrid[:7, :9].astype(np.float32)
    return (0.7 + 1e-3 * rows + 2e-4 * columns)[..., np.newaxis] * np.float32([1, 0.9, 0.8])


PHOTOGRAPHS = {
    "colors": picture(7, 9),
    "gray": np.repeat(picture(7, 9)[..., :1], 3, -1),
    "almost gray": np.repeat(picture(7, 9)[..., :1], 3, -1) + picture(7, 9) / 255,
    "ramp": ramp(),
    "flat": np.full((7, 9, 3), 0.3, np.float32),
    "one window": picture(3, 3),
}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_value_and_gradient_are_those_of_the_dense_matrix(name):
    photograph = PHOTOGRAPHS[name]
    pixels = noisy(photograph)
    value, gradient = cost_and_gradient(pixels, photograph)
    positions = photograph.shape[0] * photograph.shape[1]
    planes = pixels.reshape(positions, 3).astype(float)
    applied = levins_matrix(photograph) @ planes
    assert float(value) == pytest.approx(np.sum(planes * applied) / positions, rel=1e-5)
    assert relative_error(gradient, 2 / positions * applied.reshape(pixels.shape)) < 2e-5


def test_the_matrix_is_levins_symmetric_and_costs_are_not_negative():
    """Its columns are the gradients at pictures of one white pixel."""
    photograph = picture(4, 6)
    units = np.eye(24, dtype=np.float32).reshape(24, 4, 6, 1) * np.float32([1, 0, 0])
    gradients = jax.vmap(cost_and_gradient, (0, None))(units, photograph)[1]
    found = 24 / 2 * np.asarray(gradients[..., 0]).reshape(24, 24)
    np.testing.assert_array_equal(gradients[..., 1:], 0)
    assert relative_error(found, levins_matrix(photograph)) < 1e-5
    np.testing.assert_allclose(found, found.T, atol=1e-5)
    assert np.linalg.eigvalsh(found.astype(float)).min() > -1e-5


# Large ones too: XLA's fusions depend on the size, and not all are right.
@pytest.mark.parametrize("shape", [(7, 9), (150, 200)])
def test_an_affine_change_of_colors_costs_no_more_than_the_ridge(shape):
    photograph = picture(*shape)
    recolored = photograph @ COLOR_MAP + np.float32([0.05, 0, 0.7])
    value, gradient = cost_and_gradient(recolored, photograph)
    painted, painted_gradient = cost_and_gradient(noisy(recolored), photograph)
    assert 0 <= float(value) < RIDGE * np.sum(np.square(COLOR_MAP))
    assert np.linalg.norm(gradient) < 1e-2 * np.linalg.norm(painted_gradient)
    assert float(painted) > 0.05


def test_the_change_may_be_another_in_another_place():
    """Where both agree: here on a black band, as broad as no window sees across."""
    photograph = picture(12, 20)
    photograph[:, 9:11] = 0
    parts = np.where(np.arange(20)[:, np.newaxis] < 10, photograph @ COLOR_MAP, photograph)
    assert cost(parts, photograph) < RIDGE * 3
    photograph[:, 9:11] = picture(12, 2)
    parts[:, 9:11] = photograph[:, 9:11]
    assert cost(parts, photograph) > RIDGE * 100


def test_what_does_not_vary_explains_nothing():
    """A checkerboard on a plain photograph: five squares against four in every window."""
    for height, width in ((7, 9), (150, 200)):
        squares = np.indices((height, width)).sum(0)[..., np.newaxis] % 2 * np.ones(3, np.float32)
        plain = np.full((height, width, 3), 0.3, np.float32)
        windows = (height - 2) * (width - 2)
        expected = 3 * 20 / 9 * windows / (height * width)
        assert cost(squares, plain) == pytest.approx(expected, rel=1e-5)


def test_the_size_does_not_matter():
    """The same texture twice as far each way."""
    photograph = picture(75, 100)
    small = noisy(photograph), photograph
    large = [np.tile(each, (2, 2, 1)) for each in small]
    assert cost(*large) == pytest.approx(cost(*small), rel=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (2, 5), (5, 2)])
def test_a_picture_without_a_window_costs_nothing(shape):
    value, gradient = cost_and_gradient(noisy(picture(*shape)), picture(*shape))
    assert float(value) == 0
    np.testing.assert_array_equal(gradient, np.zeros((*shape, 3)))


def test_a_batch_is_a_loop_over_its_pictures():
    photograph = picture(150, 200)
    batch = np.stack([noisy(photograph, size) for size in (0.1, 0.2, 0.3)])
    alone = [cost_and_gradient(each, photograph) for each in batch]
    expected, gradients = map(np.stack, zip(*alone, strict=True))

    @jax.jit
    def at_once(batch, photograph):
        values, back = jax.vjp(photorealism, batch, prepare_matting(photograph))
        return values, back(jnp.ones_like(values))[0]

    values, found = at_once(batch, photograph)
    np.testing.assert_allclose(values, expected, rtol=1e-5)
    assert relative_error(found, gradients) < 1e-5


def test_steps_in_a_scan_take_the_noise_away():
    photograph = picture(7, 9)

    @jax.jit
    def descend(pixels, photograph):
        matting = prepare_matting(photograph)

        def step(pixels, _):
            value, gradient = jax.value_and_grad(photorealism)(pixels, matting)
            return pixels - 63 / 18 * gradient, value  # no eigenvalue of M is above 9

        return jax.lax.scan(step, pixels, length=100)[1]

    values = descend(noisy(photograph), photograph)
    assert (np.diff(values) < 0).all()
    assert values[-1] < 0.1 * values[0]


def test_a_photograph_in_another_light_costs_far_less_than_a_painted_one():
    photograph = resize(read(DEMO / "content.jpg"), 150, 200)
    evening = photograph @ np.abs(COLOR_MAP) * np.float32(0.7)
    assert cost(evening, photograph) < 0.02 * cost(noisy(evening, 0.03), photograph)
