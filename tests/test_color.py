import numpy as np
import pytest

from nstjax.images import match_colors


def picture(seed, mean, spread, shape=(40, 30)):
    """Correlated colors far from 0 and 1, so that nothing is cut off."""
    random = np.random.default_rng(seed)
    mix = random.standard_normal((3, 3)) * spread
    colors = np.clip(random.standard_normal((*shape, 3)), -2, 2) @ mix.T
    return np.float32(colors - colors.mean((0, 1)) + mean)


def statistics(pixels):
    colors = np.float64(pixels.reshape(-1, 3))
    return colors.mean(0), np.cov(colors.T, bias=True)


CONTENT, STYLE = picture(0, 0.5, 0.04), picture(1, (0.6, 0.4, 0.5), 0.03, (20, 50))


def test_mean_and_covariance_become_those_of_the_example():
    found = match_colors(CONTENT, [STYLE])
    assert found.shape == CONTENT.shape
    assert found.dtype == np.float32
    for ours, theirs in zip(statistics(found), statistics(STYLE), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_strength_goes_from_one_to_the_other():
    np.testing.assert_allclose(match_colors(CONTENT, [STYLE], 0), CONTENT, atol=1e-6)
    half, whole = match_colors(CONTENT, [STYLE], 0.5), match_colors(CONTENT, [STYLE])
    np.testing.assert_allclose(half, (CONTENT + whole) / 2, atol=1e-6)


def test_a_pictures_own_colors_leave_it_as_it_is():
    np.testing.assert_allclose(match_colors(CONTENT, [CONTENT]), CONTENT, atol=1e-6)


def test_examples_count_alike_whatever_their_size():
    other = picture(2, 0.4, 0.03, (90, 70))
    found = match_colors(CONTENT, [STYLE, other])
    mean = (statistics(STYLE)[0] + statistics(other)[0]) / 2
    np.testing.assert_allclose(statistics(found)[0], mean, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_plain_picture_takes_the_mean_color(value):
    found = match_colors(np.full((4, 4, 3), value, np.float32), [STYLE])
    np.testing.assert_allclose(found, np.broadcast_to(statistics(STYLE)[0], (4, 4, 3)), atol=1e-5)


def test_colors_stay_in_range():
    content = np.random.default_rng(0).random((16, 16, 3), np.float32)
    found = match_colors(content, [np.round(content[:8])])
    assert found.min() >= 0
    assert found.max() <= 1
