"""Resizing: what every good filter does, and sizes of the same shape."""

import numpy as np
import pytest
from reference.inputs import picture

from nstjax.images import cover, fit, resize


@pytest.mark.parametrize("size", [(5, 3), (40, 60), (31, 7), (1, 1)])
def test_a_constant_picture_stays_constant(size):
    constant = np.broadcast_to(np.float32([0.1, 0.5, 1.0]), (17, 23, 3))
    found = resize(constant, *size)
    assert found.shape == (*size, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.broadcast_to([0.1, 0.5, 1.0], found.shape), atol=1e-6)


def test_the_same_size_changes_nothing():
    np.testing.assert_array_equal(resize(picture(9, 12), 9, 12), picture(9, 12))


def test_the_result_stays_in_range():
    edge = np.zeros((8, 8, 3), np.float32)
    edge[:, 4:] = 1  # Lanczos rings at edges
    found = resize(edge, 32, 32)
    assert found.min() == 0
    assert found.max() == 1


def test_the_mean_is_kept_on_the_way_down():
    pixels = 0.2 + 0.6 * picture(96, 120)
    found = resize(pixels, 24, 30)
    np.testing.assert_allclose(found.mean((0, 1)), pixels.mean((0, 1)), atol=2e-3)


def test_what_is_too_fine_becomes_its_mean():
    """Without antialiasing a checkerboard would come out as a pattern of black and white."""
    board = np.indices((60, 90)).sum(0) % 2
    found = resize(np.float32(board)[..., np.newaxis].repeat(3, -1), 15, 18)
    np.testing.assert_allclose(found[2:-2, 2:-2], 0.5, atol=0.02)


def test_smooth_pictures_are_reproduced_at_another_size():
    def wave(height, width):
        y, x = ((np.arange(count) + 0.5) / count for count in (height, width))
        waves = np.cos(np.pi * y)[:, np.newaxis], np.cos(2 * np.pi * x)[np.newaxis]
        channels = [waves[0] + 0 * waves[1], 0 * waves[0] + waves[1], waves[0] * waves[1]]
        return np.float32(0.5 + 0.4 * np.stack(channels, axis=-1))

    for size in ((24, 40), (90, 70)):
        np.testing.assert_allclose(resize(wave(48, 60), *size), wave(*size), atol=0.01)


def ramps(height, width):
    """Red is how far right a place is, green how far down, in pixels from the center; both over 1000."""
    y, x = (np.arange(count) + 0.5 - count / 2 for count in (height, width))
    colors = np.stack([*np.broadcast_arrays(x, y[:, np.newaxis]), 0 * x + 0 * y[:, np.newaxis]], -1)
    return np.float32(0.5 + colors / 1000)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((60, 90), (30, 30)),  # cut left and right
        ((90, 61), (30, 45)),  # above and below, by half pixels
        ((40, 50), (80, 60)),  # enlarged
        ((64, 48), (32, 24)),  # the same shape: nothing is cut
        ((33, 47), (33, 20)),  # cut only
    ],
)
def test_what_covers_is_centered_scaled_alike_both_ways_and_no_larger_than_it_must(shape, size):
    found = cover(ramps(*shape), *size)
    assert found.shape == (*size, 3)
    assert found.dtype == np.float32
    scale = max(size[0] / shape[0], size[1] / shape[1])
    expected = 0.5 + (ramps(*size) - 0.5) / scale
    inside = (slice(4, -4), slice(4, -4))  # Lanczos changes a ramp at the picture's border
    np.testing.assert_allclose(found[inside], expected[inside], atol=5e-5)


def test_covering_is_resizing_where_the_shape_is_the_same():
    pixels = picture(36, 54)
    np.testing.assert_array_equal(cover(pixels, 24, 36), resize(pixels, 24, 36))
    np.testing.assert_array_equal(cover(pixels, 36, 54), pixels)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_every_shape_covers_every_other(value):
    shapes = [(1, 1), (1, 90), (90, 1), (7, 9), (61, 89), (97, 13)]
    for shape in shapes:
        for size in shapes:
            found = cover(np.full((*shape, 3), value, np.float32), *size)
            np.testing.assert_allclose(found, np.full((*size, 3), value), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "long_side", "expected"),
    [
        ((100, 200), 50, (25, 50)),
        ((300, 200), 150, (150, 100)),
        ((64, 64), 512, (512, 512)),
        ((1080, 1920), 512, (288, 512)),
        ((2, 3), 100, (67, 100)),
        ((1000, 3), 500, (500, 2)),
    ],
)
def test_the_shape_is_kept(shape, long_side, expected):
    assert fit(*shape, long_side) == expected


def test_the_long_side_is_met_exactly():
    for long_side in range(1, 200, 7):
        for long in range(1, 2000, 97):
            assert fit(long, long, long_side) == (long_side, long_side)


def test_a_shape_that_is_too_narrow_is_refused(refused):
    with refused("picture of 1000x3 pixels is too narrow for size 100"):
        fit(3, 1000, 100)
