import numpy as np
import pytest

from nstjax.images import COLOR_MATCHES, match_colors

every_match = pytest.mark.parametrize("match", COLOR_MATCHES)


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


@every_match
def test_mean_and_covariance_become_those_of_the_example(match):
    found = match_colors(CONTENT, [STYLE], match)
    assert found.shape == CONTENT.shape
    assert found.dtype == np.float32
    for ours, theirs in zip(statistics(found), statistics(STYLE), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@every_match
def test_strength_goes_from_one_to_the_other(match):
    np.testing.assert_array_equal(match_colors(CONTENT, [STYLE], match, 0), CONTENT)
    half = match_colors(CONTENT, [STYLE], match, 0.5)
    np.testing.assert_allclose(
        half, (CONTENT + match_colors(CONTENT, [STYLE], match, 1)) / 2, atol=1e-6
    )
    np.testing.assert_array_equal(
        match_colors(CONTENT, [STYLE], match, 1), match_colors(CONTENT, [STYLE], match)
    )


@every_match
def test_nothing_of_strength_zero_is_a_change_even_at_the_ends_of_the_range(match):
    content = np.round(np.random.default_rng(0).random((16, 16, 3), np.float32))
    np.testing.assert_array_equal(match_colors(content, [STYLE], match, 0), content)


@every_match
def test_a_pictures_own_colors_leave_it_as_it_is(match):
    found = match_colors(CONTENT, [CONTENT], match)
    np.testing.assert_allclose(found, CONTENT, atol=0.01 if match == "histogram" else 1e-6)


@every_match
def test_examples_count_alike_whatever_their_size(match):
    other = picture(2, 0.4, 0.03, (90, 70))
    found = match_colors(CONTENT, [STYLE, other], match)
    mean = (statistics(STYLE)[0] + statistics(other)[0]) / 2
    np.testing.assert_allclose(statistics(found)[0], mean, atol=1e-4)


@every_match
def test_examples_count_by_their_shares(match):
    other = picture(2, 0.4, 0.03, (90, 70))
    found = match_colors(CONTENT, [STYLE, other], match, shares=(0.75, 0.25))
    mean = 0.75 * statistics(STYLE)[0] + 0.25 * statistics(other)[0]
    np.testing.assert_allclose(statistics(found)[0], mean, atol=1e-4)
    tolerance = 0.01 if match == "histogram" else 1e-6
    for shares, alone in (((1, 0), STYLE), ((0, 1), other)):
        found = match_colors(CONTENT, [STYLE, other], match, shares=shares)
        np.testing.assert_allclose(found, match_colors(CONTENT, [alone], match), atol=tolerance)


@every_match
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_plain_picture_takes_the_mean_color(match, value):
    found = match_colors(np.full((4, 4, 3), value, np.float32), [STYLE], match)
    np.testing.assert_allclose(found, np.broadcast_to(statistics(STYLE)[0], (4, 4, 3)), atol=1e-4)


@every_match
def test_colors_stay_in_range(match):
    content = np.random.default_rng(0).random((16, 16, 3), np.float32)
    found = match_colors(content, [np.round(content[:8])], match)
    assert found.min() >= 0
    assert found.max() <= 1
