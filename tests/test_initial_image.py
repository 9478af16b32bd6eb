import numpy as np
import pytest
from reference.inputs import picture

from nstjax.images import resize
from nstjax.optimize import INITIAL_IMAGES, Sources

PIXELS = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 4, 3)
STYLE = np.random.default_rng(5).random((9, 7, 3), np.float32)


def make(name, content=PIXELS, styles=(STYLE,), shares=None, seed=0, size=None):
    height, width = size or content.shape[:2]
    shares = shares or [1 / len(styles) for _ in styles]
    sources = Sources(height, width, content, styles, styles, shares, seed)
    found = INITIAL_IMAGES[name].make(sources)
    assert found.shape == (height, width, 3)
    assert found.dtype == np.float32
    return found


def test_recolored_lies_halfway_to_the_styles_mean():
    start = make("recolored", 0.3 + 0.2 * PIXELS, [0.3 + 0.4 * STYLE])
    halfway = ((0.3 + 0.2 * PIXELS).mean((0, 1)) + (0.3 + 0.4 * STYLE).mean((0, 1))) / 2
    np.testing.assert_allclose(start.mean((0, 1)), halfway, atol=0.01)


def test_content_is_a_copy():
    start = make("content")
    np.testing.assert_array_equal(start, PIXELS)
    assert not np.shares_memory(start, PIXELS)


def test_noise_depends_on_seed_and_size_alone():
    noise = make("noise", seed=3)
    np.testing.assert_array_equal(noise, make("noise", PIXELS * 0, [PIXELS], seed=3))
    np.testing.assert_array_equal(noise, make("noise", None, (), seed=3, size=(2, 4)))
    assert not np.array_equal(noise, make("noise", seed=4))


def test_noise_stays_what_it_was_in_pictures_made_before():
    expected = np.random.default_rng(3).random((2, 4, 3), dtype=np.float32)
    np.testing.assert_array_equal(make("noise", seed=3), expected)


def test_noise_is_uniform_and_white():
    start = make("noise", size=(200, 200))
    assert start.min() >= 0
    assert start.max() <= 1
    # Uniform on [0, 1]: mean 1/2, variance 1/12; white: neighbors do not correlate.
    assert abs(start.mean() - 1 / 2) < 0.01
    assert abs(start.var() - 1 / 12) < 0.002
    assert abs(np.corrcoef(start[1:].ravel(), start[:-1].ravel())[0, 1]) < 0.02


def colored(seed, mean):
    """A smooth picture of correlated colors far from 0 and 1."""
    mix = np.random.default_rng(seed).uniform(-0.15, 0.15, (3, 3))
    return np.float32(mean + (picture(30, 40) - 0.5) @ mix)


ONE, OTHER = colored(1, (0.6, 0.4, 0.5)), colored(2, (0.45, 0.5, 0.6))


@pytest.mark.parametrize(
    ("styles", "shares"), [([ONE], (1.0,)), ([ONE, OTHER], (0.5, 0.5)), ([ONE, OTHER], (0.9, 0.1))]
)
def test_style_noise_has_mean_and_covariance_of_the_styles_and_is_white(styles, shares):
    start = make("style_noise", None, styles, shares, seed=7, size=(120, 160))
    colors = np.float64(start.reshape(-1, 3))
    # Of a color drawn from style i with probability s_i.
    wanted = np.concatenate([np.float64(each.reshape(-1, 3)) for each in styles])
    weights = np.repeat(shares, 1200)
    np.testing.assert_allclose(colors.mean(0), np.average(wanted, 0, weights), atol=1e-6)
    np.testing.assert_allclose(
        np.cov(colors.T, bias=True), np.cov(wanted.T, bias=True, aweights=weights), atol=1e-6
    )
    for axis in (0, 1):
        neighbors = np.moveaxis(start, axis, 0)
        for channel in range(3):
            one, next_one = neighbors[1:, :, channel], neighbors[:-1, :, channel]
            assert abs(np.corrcoef(one.ravel(), next_one.ravel())[0, 1]) < 0.03


def test_style_noise_depends_on_the_seed_and_not_on_the_content():
    noise = make("style_noise", seed=3)
    np.testing.assert_array_equal(noise, make("style_noise", PIXELS * 0, seed=3))
    assert not np.array_equal(noise, make("style_noise", seed=4))


def test_a_style_of_the_pictures_shape_is_resized_only():
    np.testing.assert_array_equal(make("style", None, [ONE], size=(15, 20)), resize(ONE, 15, 20))


def test_a_style_keeps_its_shape_and_loses_the_same_on_both_sides():
    halves = np.zeros((40, 80, 3), np.float32)
    halves[:, 40:] = 1
    start = make("style", None, [halves], size=(40, 30))
    np.testing.assert_array_equal(start, halves[:, 25:55])


def test_styles_are_averaged_by_their_shares():
    styles, size = [ONE, OTHER, STYLE], (12, 12)
    alone = [make("style", None, [each], size=size) for each in styles]
    shares = (0.5, 0.3, 0.2)
    start = make("style", None, styles, shares, size=size)
    np.testing.assert_allclose(start, np.tensordot(shares, alone, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("content", "styles", "possible"),
    [
        (PIXELS, [STYLE], ["recolored", "content", "style", "style_noise", "gray", "noise"]),
        (None, [STYLE], ["style", "style_noise", "gray", "noise"]),
        (PIXELS, [], ["content", "gray", "noise"]),
    ],
)
def test_each_says_what_it_needs_and_is_possible_with_that(content, styles, possible):
    sources = Sources(2, 4, content, styles, styles, (1.0,), 0)
    assert [name for name, way in INITIAL_IMAGES.items() if not way.missing(sources)] == possible
    for name in possible:
        make(name, content, styles, size=(2, 4))


def test_gray_is_within_half_a_step_of_eight_bits():
    start = make("gray", size=(40, 50))
    assert 0.4 / 255 < np.abs(start - 0.5).max() <= 0.5 / 255
    assert start.std() > 0.2 / 255
