import numpy as np
import pytest

from nstjax.images import blend

RANDOM = np.random.default_rng(0)


def test_it_is_the_weighted_sum():
    pictures = RANDOM.random((3, 4, 5, 3), np.float32)
    found = blend(pictures, (0.5, 0.2, 0.3))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.tensordot((0.5, 0.2, 0.3), pictures, 1), atol=1e-7)


def test_one_picture_stays_as_it_is():
    picture = RANDOM.random((4, 5, 3), np.float32)
    np.testing.assert_array_equal(blend([picture], (1.0,)), picture)


@pytest.mark.parametrize("count", range(2, 30))
def test_white_is_never_more_than_white(count):
    white = np.ones((1, 1, 3), np.float32)
    np.testing.assert_array_equal(blend([white] * count, (1 / count,) * count), white)
