"""From pixels to a network's input, by hand."""

import numpy as np
import pytest
from reference.inputs import picture, relative_error

from nstjax.vgg import Preprocessing
from nstjax.vgg.preprocess import preprocess

MEAN, STD = (10.0, 20.0, 40.0), (0.5, 2.0, 8.0)


@pytest.mark.parametrize(("order", "channels"), [("rgb", (0, 1, 2)), ("bgr", (2, 1, 0))])
@pytest.mark.parametrize("scale", [1.0, 255.0])
def test_each_channel_is_scaled_and_normalized(order, channels, scale):
    pixels = picture(3, 4)
    found = preprocess(pixels, Preprocessing(order, scale, MEAN, STD))
    assert found.dtype == np.float32
    for place, channel in enumerate(channels):
        expected = (scale * pixels[..., channel].astype(np.float64) - MEAN[place]) / STD[place]
        assert relative_error(found[..., place], expected) < 1e-6


def test_the_mean_pixel_becomes_zero():
    caffe = Preprocessing("bgr", 255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))
    red, green, blue = 123.68 / 255, 116.779 / 255, 103.939 / 255
    found = preprocess(np.float32([[[red, green, blue]]]), caffe)
    np.testing.assert_allclose(found, 0, atol=1e-4)


def test_batches_are_taken_as_they_are():
    expected = Preprocessing("bgr", 255.0, MEAN, STD)
    batch = np.stack([picture(3, 4), picture(3, 4) ** 2])
    found = preprocess(batch, expected)
    assert found.shape == batch.shape
    np.testing.assert_array_equal(found[1], preprocess(batch[1], expected))
