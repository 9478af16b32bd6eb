"""Histogram matches: the example's distribution along every axis."""

import numpy as np
import pytest

from nstjax.images.colors.affine_color import affine_match, symmetric
from nstjax.images.colors.color_histogram import histogram_match

RANDOM = np.random.default_rng(3)
SHARES = np.linspace(0, 1, 201)
COLORS = RANDOM.random((4000, 3)) ** 2


def clusters(count=3000):
    """A picture of three colors, which no mean and covariance describes."""
    centers = np.array([[0.9, 0.2, 0.1], [0.1, 0.3, 0.8], [0.95, 0.9, 0.7]])
    which = RANDOM.choice(3, count, p=[0.5, 0.3, 0.2])
    return (centers[which] + 0.02 * RANDOM.standard_normal((count, 3))).reshape(-1, 50, 3)


def distance(colors, example):
    """Sliced Wasserstein distance: the mean over directions of how far the quantiles lie apart."""
    directions = RANDOM.standard_normal((3, 50))
    directions /= np.linalg.norm(directions, axis=0)
    ours, theirs = (np.quantile(each @ directions, SHARES, axis=0) for each in (colors, example))
    return np.abs(ours - theirs).mean()


def test_the_histograms_of_red_green_and_blue_become_the_examples():
    example = clusters()
    found = histogram_match(COLORS, [example])
    for channel in range(3):
        ours, theirs = (np.sort(each[:, channel]) for each in (found, example.reshape(-1, 3)))
        inner = SHARES[1:-1]
        np.testing.assert_allclose(
            np.interp(np.quantile(theirs, inner), ours, np.linspace(0, 1, len(ours))),
            inner,
            atol=0.01,
        )


def test_the_whole_distribution_is_nearer_than_by_an_affine_change():
    example = clusters()
    affine = distance(affine_match(COLORS, [example], symmetric), example.reshape(-1, 3))
    assert distance(histogram_match(COLORS, [example]), example.reshape(-1, 3)) < 0.2 * affine


def test_no_color_leaves_the_examples_range():
    example = clusters()
    found = histogram_match(COLORS, [example])
    assert (found.min(0) >= example.min((0, 1)) - 1e-9).all()
    assert (found.max(0) <= example.max((0, 1)) + 1e-9).all()


def test_a_pictures_own_colors_leave_it_as_it_is():
    np.testing.assert_allclose(histogram_match(COLORS, [COLORS]), COLORS, atol=0.01)


def test_brightness_keeps_its_order_in_a_gray_picture():
    gray = np.sort(RANDOM.random((1000, 1)), axis=0) * np.ones(3)
    found = histogram_match(gray, [np.sqrt(gray)])
    np.testing.assert_allclose(found, np.sqrt(gray), atol=0.01)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_plain_area_takes_the_mean_color(value):
    example = clusters()
    found = histogram_match(np.full((20, 3), value), [example])
    np.testing.assert_allclose(found, np.ones((20, 1)) * example.mean((0, 1)), atol=0.01)


def test_examples_count_alike_whatever_their_size():
    dark, bright = 0.2 * RANDOM.random((90, 70, 3)), 1 - 0.2 * RANDOM.random((20, 10, 3))
    found = histogram_match(COLORS, [dark, bright])
    assert np.mean(found < 0.5) == pytest.approx(0.5, abs=0.01)


def test_the_same_colors_give_the_same_bits():
    example = clusters()
    np.testing.assert_array_equal(
        histogram_match(COLORS, [example]), histogram_match(COLORS, [example])
    )
