"""The NumPy forward pass against torch's, and what rests on it: normalizing and half precision."""

import dataclasses
import functools

import numpy as np
import pytest
from reference.inputs import picture, random_network

from weights_tools import PREPROCESSINGS, NetworkWeights, WeightsError
from weights_tools.effect import storage_error
from weights_tools.forward import activations, network_input, sample_picture
from weights_tools.layout import layer_names, stored
from weights_tools.normalize import mean_activations, normalize

ARCHITECTURES = ["vgg16", "vgg19"]


@functools.cache
def network(architecture):
    tensors = random_network(architecture)
    return NetworkWeights(
        architecture, PREPROCESSINGS["caffe"], tensors, "random", "0" * 64, "none"
    )


@pytest.fixture(scope="module")
def vgg16():
    return network("vgg16")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("preprocessing", PREPROCESSINGS)
def test_every_relu_is_what_torch_computes(architecture, preprocessing):
    torch = pytest.importorskip("torch")
    weights = network(architecture)
    weights = dataclasses.replace(weights, preprocessing=PREPROCESSINGS[preprocessing])
    pixels = np.random.default_rng(0).random((21, 34, 3))
    x = network_input(pixels, weights.preprocessing)
    x = torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None]
    names = []
    for name, found in activations(weights, pixels):
        if names and names[-1][4] != name[4]:
            x = torch.nn.functional.max_pool2d(x, 2)
        names.append(name)
        kernel = weights.tensors[f"conv{name[4:]}/kernel"].transpose(3, 2, 0, 1)
        bias = torch.from_numpy(weights.tensors[f"conv{name[4:]}/bias"])
        kernel = torch.from_numpy(np.ascontiguousarray(kernel))
        x = torch.nn.functional.conv2d(x, kernel, bias, padding=1).relu()
        expected = x[0].permute(1, 2, 0).numpy()
        assert found.shape == expected.shape
        assert np.linalg.norm(found - expected) <= 1e-5 * np.linalg.norm(expected)
    assert names == [f"relu{layer[4:]}" for layer in layer_names(architecture)]


def test_a_cut_trunk_ends_where_it_is_cut(vgg16):
    tensors = {name: each for name, each in vgg16.tensors.items() if name < "conv3_2"}
    cut = dataclasses.replace(vgg16, tensors=tensors, last_layer="conv3_1")
    pixels = sample_picture(32)
    found = dict(activations(cut, pixels))
    assert list(found) == ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"]
    np.testing.assert_array_equal(found["relu3_1"], dict(activations(vgg16, pixels))["relu3_1"])


def test_network_input_is_the_formula_in_the_order_of_the_network():
    pixels = np.array([[[0.1, 0.2, 0.3]]])
    found = network_input(pixels, PREPROCESSINGS["caffe"])[0, 0]
    np.testing.assert_allclose(found, [76.5 - 103.939, 51 - 116.779, 25.5 - 123.68], rtol=1e-6)
    found = network_input(pixels, PREPROCESSINGS["torchvision"])[0, 0]
    np.testing.assert_allclose(found, [-0.385 / 0.229, -0.256 / 0.224, -0.106 / 0.225], rtol=1e-6)


def test_normalized_filters_have_mean_one_and_the_features_are_the_same_up_to_scale(vgg16):
    pictures = [sample_picture(32), np.random.default_rng(0).random((24, 40, 3))]
    found = normalize(vgg16, pictures)
    means, count = mean_activations(vgg16, pictures)
    assert count == 2
    assert found.source == "random, normalized over 2 pictures"
    again, _ = mean_activations(found, pictures)
    for name, mean in again.items():
        excited = means[name] > 0
        assert excited.any()
        # A filter that barely fires sums to its mean out of rounding errors.
        assert np.mean(np.abs(mean[excited] - 1) < 1e-4) > 0.99
        assert np.abs(mean[~excited]).max(initial=0) < 1e-4
    other = picture(20, 20)
    for (name, before), (_, after) in zip(
        activations(vgg16, other), activations(found, other), strict=True
    ):
        scale = np.where(means[name] > 0, means[name], 1)
        assert np.linalg.norm(after * scale - before) <= 1e-5 * np.linalg.norm(before)


def test_normalizing_needs_pictures_that_excite_the_network(vgg16):
    with pytest.raises(WeightsError, match="there is no picture to normalize over"):
        normalize(vgg16, [])
    dead = {name: np.zeros_like(tensor) for name, tensor in vgg16.tensors.items()}
    with pytest.raises(WeightsError, match="no picture excites conv1_1"):
        normalize(dataclasses.replace(vgg16, tensors=dead), [sample_picture(32)])


@pytest.mark.parametrize(("dtype", "bits"), [("float16", 11), ("bfloat16", 8)])
def test_the_error_of_half_precision_is_that_of_its_rounding(vgg16, dtype, bits):
    errors = storage_error(vgg16, dtype, sample_picture(32))
    assert list(errors) == [f"relu{layer[4:]}" for layer in layer_names("vgg16")]
    # A rounding error of 2^-bits each, of random sign: it neither vanishes nor grows by itself.
    for name, error in errors.items():
        assert 0.1 * 2.0**-bits < error < 5 * 2.0**-bits, name
    rounded = {name: stored(each, dtype).astype(np.float32) for name, each in vgg16.tensors.items()}
    stays = storage_error(dataclasses.replace(vgg16, tensors=rounded), dtype, sample_picture(32))
    assert set(stays.values()) == {0.0}


def test_the_sample_picture_has_colors_and_waves_of_every_size():
    found = sample_picture(64)
    assert found.shape == (64, 64, 3)
    assert found.min() > 0
    assert found.max() < 1
    assert found.std((0, 1)).min() > 0.1
    spectrum = np.abs(np.fft.fft2(found.mean(-1) - found.mean()))[:32, :32]
    assert all(spectrum[2**n : 2 ** (n + 1), : 2 ** (n + 1)].max() > 5 for n in range(5))
