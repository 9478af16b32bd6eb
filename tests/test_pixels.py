"""Arrays to pixels and back to bytes."""

import jax.numpy as jnp
import numpy as np
import pytest

from nstjax.images import to_bytes, to_pixels

TINY = [[0, 0.25, 1]]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.uint8([[0, 51, 255]]), [0, 0.2, 1]),
        (np.uint16([[0, 13107, 65535]]), [0, 0.2, 1]),
        (np.array([[0, 13107, 65535]], ">u2"), [0, 0.2, 1]),
        (np.uint32([[0, 2**32 - 1]]), [0, 1]),
        (np.array([[False, True]]), [0, 1]),
        (np.float16(TINY), [0, 0.25, 1]),
        (np.float32(TINY), [0, 0.25, 1]),
        (np.float64(TINY), [0, 0.25, 1]),
        (jnp.array(TINY, jnp.float32), [0, 0.25, 1]),
        (jnp.array(TINY, jnp.bfloat16), [0, 0.25, 1]),
        (jnp.array([[0, 255]], jnp.uint8), [0, 1]),
        (TINY, [0, 0.25, 1]),
        (np.float32([[-0.0005, 1.0005]]), [0, 1]),  # what is left of resizing and rounding
    ],
)
def test_every_type_becomes_floats_of_the_unit_interval(image, expected):
    found = to_pixels(image)
    assert found.dtype == np.float32
    assert found.shape == (1, len(expected), 3)
    for channel in range(3):
        np.testing.assert_allclose(found[0, :, channel], expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_gray_becomes_three_equal_channels(shape):
    gray = np.random.default_rng(0).random(shape, np.float32)
    found = to_pixels(gray)
    np.testing.assert_array_equal(found, np.stack([gray.reshape(2, 3)] * 3, axis=-1))
    found[0, 0, 0] = 0.5  # an array of its own, each channel with memory of its own
    assert found[0, 0, 1] == gray.ravel()[0]


def test_color_is_kept():
    color = np.random.default_rng(0).random((2, 3, 3), np.float32)
    np.testing.assert_array_equal(to_pixels(color), color)


def test_alpha_is_laid_over_white():
    image = np.float32([[[0.2, 0.4, 0.6, 1], [0.2, 0.4, 0.6, 0], [0.2, 0.4, 0.6, 0.5]]])
    expected = [[[0.2, 0.4, 0.6], [1, 1, 1], [0.6, 0.7, 0.8]]]
    np.testing.assert_allclose(to_pixels(image), expected, rtol=1e-6)
    np.testing.assert_allclose(
        to_pixels(np.uint8([[[0, 51, 255, 51]]])), [[[0.8, 0.84, 1]]], rtol=1e-6
    )


@pytest.mark.parametrize(
    "shape", [(), (3,), (2, 2, 2), (2, 2, 5), (1, 2, 2, 3), (0, 2), (2, 0, 3), (2, 2, 0)]
)
def test_other_shapes_are_refused(refused, shape):
    with refused(r"^content has shape \(.*give \(height, width\) or"):
        to_pixels(np.zeros(shape), "content")


@pytest.mark.parametrize("value", [np.inf, -np.inf, -0.01, 1.01, 255.0, 1e300])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floats_outside_the_unit_interval_are_refused(refused, value, kind):
    image = np.zeros((2, 2, 3))
    image[1, 1, 2] = value
    with np.errstate(over="ignore"):
        image = image.astype(kind)
    with refused("^image has floats outside .0, 1."):
        to_pixels(image)


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.complex64, "S3", "U3", object])
def test_other_types_are_refused(refused, kind):
    with refused(f"^image has type {np.dtype(kind)}: give unsigned integers or floats"):
        to_pixels(np.ones((2, 2), int).astype(kind))


def test_negative_integers_are_refused(refused):
    with refused("type int64"):
        to_pixels(np.full((2, 2), -1, np.int64))


def test_bytes_survive_the_round_trip():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_bytes(to_pixels(every))[..., 0], every)


def test_bytes_are_rounded_to_nearest_and_kept_in_range():
    values = np.float32([-0.1, 0.0, 0.49 / 255, 0.51 / 255, 99.6 / 255, 254.4 / 255, 1.0, 1.1])
    found = to_bytes(values)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [0, 0, 0, 1, 100, 254, 255, 255])
    np.testing.assert_array_equal(to_bytes(jnp.array([0.0, 0.5, 1.0])), [0, 128, 255])
