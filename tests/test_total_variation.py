"""Total variation: PyTorch's numbers, pictures with a known one, and batches."""

import jax
import numpy as np
import pytest
from reference import losses
from reference.inputs import picture

from nstjax.losses import TOTAL_VARIATIONS
from nstjax.losses.parts import LayerPart, Part

every_loss = pytest.mark.parametrize("name", TOTAL_VARIATIONS)


@pytest.mark.parametrize("reference", [losses.live, losses.stored])
@every_loss
def test_value_and_gradient_are_those_of_torch(name, reference):
    value, gradient = jax.value_and_grad(TOTAL_VARIATIONS[name])(picture(5, 7))
    losses.assert_equal(value, gradient, reference()[f"tv/{name}"])


@every_loss
def test_a_plain_picture_has_none(name):
    plain = np.broadcast_to(np.float32([0.2, 0.5, 0.9]), (5, 7, 3))
    value, gradient = jax.value_and_grad(TOTAL_VARIATIONS[name])(plain)
    assert float(value) == 0
    np.testing.assert_array_equal(gradient, np.zeros((5, 7, 3)))


def test_an_edge_counts_by_its_height():
    """A step of height h down the middle of a picture of 4 x 6, in three channels."""
    for height in (0.25, 0.5, 1):
        edge = np.zeros((4, 6, 3), np.float32)
        edge[:, 3:] = height
        assert float(TOTAL_VARIATIONS["l1"](edge)) == pytest.approx(4 * 3 * height)
        assert float(TOTAL_VARIATIONS["l2"](edge)) == pytest.approx(height**2 / 5)
        # The last row and column are left out: three rows of an edge in three channels.
        assert float(TOTAL_VARIATIONS["power"](edge)) == pytest.approx(9 * height**2.5)
        # Of 24 pixels, four see the edge beside them; four rows of two diagonals cross it, the last
        # row's repeated.
        expected = 2 * height**2 * (4 / 3 + 8 / 12) / 24
        assert float(TOTAL_VARIATIONS["nine_point"](edge)) == pytest.approx(expected)


def test_power_grows_with_the_pixels_range_as_keras_needs_it():
    pixels = picture(5, 7)
    expected = 255**2.5 * float(TOTAL_VARIATIONS["power"](pixels))
    assert float(TOTAL_VARIATIONS["power"](255 * pixels)) == pytest.approx(expected, rel=1e-5)


@every_loss
def test_both_directions_count_alike(name):
    square = picture(6, 6)
    turned = square.swapaxes(0, 1)
    loss = TOTAL_VARIATIONS[name]
    assert float(loss(turned)) == pytest.approx(float(loss(square)), rel=1e-5)


@every_loss
def test_a_batch_is_a_loop_over_its_pictures(name):
    batch = np.stack([picture(5, 7), picture(5, 7) ** 2, picture(5, 7) * 0.1])
    expected = [TOTAL_VARIATIONS[name](each) for each in batch]
    np.testing.assert_allclose(TOTAL_VARIATIONS[name](batch), expected, rtol=1e-5)


@every_loss
def test_a_part_may_be_of_a_picture_with_more_values_than_an_integer_of_32_bits(name):
    crop, owned = picture(6, 8), np.zeros((6, 8), np.float32)
    owned[:4, :5] = 1

    def of_side(side):
        return float(TOTAL_VARIATIONS[name](crop, Part(LayerPart(owned, 0, 0, side, side), {})))

    # Of means the pixels grow sixteenfold, and differences have a row less.
    ratio = of_side(2**14) / of_side(2**16)
    assert ratio == pytest.approx(16 if name in ("l2", "nine_point") else 1, rel=1e-3)
