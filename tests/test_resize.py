"""Resizing: what every good filter does, and sizes of the same shape."""

import numpy as np
import pytest
from reference.inputs import picture

from nstjax.images import fit, resize


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
