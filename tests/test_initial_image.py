import numpy as np

from nstjax.optimize import INITIAL_IMAGES

PIXELS = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 4, 3)
STYLE = np.random.default_rng(5).random((9, 7, 3), np.float32)


def test_recolored_lies_halfway_to_the_styles_mean():
    start = INITIAL_IMAGES["recolored"](0.3 + 0.2 * PIXELS, [0.3 + 0.4 * STYLE], 0)
    halfway = ((0.3 + 0.2 * PIXELS).mean((0, 1)) + (0.3 + 0.4 * STYLE).mean((0, 1))) / 2
    np.testing.assert_allclose(start.mean((0, 1)), halfway, atol=0.01)


def test_content_is_a_copy():
    start = INITIAL_IMAGES["content"](PIXELS, [STYLE], 0)
    np.testing.assert_array_equal(start, PIXELS)
    assert not np.shares_memory(start, PIXELS)


def test_noise_depends_on_the_seed_alone():
    noise = INITIAL_IMAGES["noise"]
    np.testing.assert_array_equal(noise(PIXELS, [STYLE], 3), noise(PIXELS * 0, [PIXELS], 3))
    assert not np.array_equal(noise(PIXELS, [STYLE], 3), noise(PIXELS, [STYLE], 4))


def test_noise_is_uniform_and_white():
    start = INITIAL_IMAGES["noise"](np.zeros((200, 200, 3), np.float32), [STYLE], 0)
    assert start.shape == (200, 200, 3)
    assert start.dtype == np.float32
    assert start.min() >= 0
    assert start.max() <= 1
    # Uniform on [0, 1]: mean 1/2, variance 1/12; white: neighbors do not correlate.
    assert abs(start.mean() - 1 / 2) < 0.01
    assert abs(start.var() - 1 / 12) < 0.002
    assert abs(np.corrcoef(start[1:].ravel(), start[:-1].ravel())[0, 1]) < 0.02
