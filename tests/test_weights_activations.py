"""A file that Keras or torch writes of its own VGG19 gives, converted, that library's activations.

onnxruntime's are in test_weights_onnx_file.py.
"""

import os
import warnings

import numpy as np
import pytest
from reference.inputs import picture, random_network, relative_error
from reference.keras_files import layers

import weights_tools
from nstjax.vgg import VGG, load_weights
from weights_tools import PREPROCESSINGS

PIXELS = picture(48, 64)


def ours(path, folder, preprocessing):
    """Convert a file and return every ReLU's output, by name."""
    target = folder / "converted.safetensors"
    weights_tools.convert(path, target, preprocessing=PREPROCESSINGS[preprocessing])
    weights = load_weights(target)
    assert (weights.architecture, weights.last_layer) == ("vgg19", "")
    names = [f"relu{name[4:7]}" for name in weights.tensors if name.endswith("/bias")]
    found = VGG(weights, tuple(names), pooling="max")(PIXELS[np.newaxis])
    assert len(found) == 16
    return found


@pytest.mark.parametrize("suffix", ["h5", "weights.h5", "keras"])
def test_keras(tmp_path, suffix):
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of Keras are not this project's
        keras = pytest.importorskip("keras", reason="compares with Keras itself")
        model = keras.applications.VGG19(weights=None, include_top=False)
        for stage, index, kernel, bias in layers(random_network("vgg19")):
            model.get_layer(f"block{stage}_conv{index}").set_weights([kernel, bias])
        path = tmp_path / f"vgg19.{suffix}"
        model.save_weights(path) if suffix == "weights.h5" else model.save(path)
        x = keras.applications.vgg19.preprocess_input(255 * PIXELS[np.newaxis])
        found = ours(path, tmp_path, "caffe")
        for layer in model.layers[1:]:
            x = layer(x)
            if "conv" in layer.name:
                name = f"relu{layer.name[5]}_{layer.name[-1]}"
                assert relative_error(found[name], x) < 1e-5, name


@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
def test_torch(tmp_path, as_zip):
    torch = pytest.importorskip("torch", reason="compares with PyTorch itself")
    modules, names, previous = torch.nn.Sequential(), [], "1"
    for stage, index, kernel, bias in layers(random_network("vgg19")):
        if str(stage) != previous:
            modules.append(torch.nn.MaxPool2d(2))
            names.append(None)
        previous = str(stage)
        convolution = torch.nn.Conv2d(*kernel.shape[2:], 3, padding=1)
        convolution.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
        convolution.bias.data = torch.tensor(bias)
        modules.extend([convolution, torch.nn.ReLU()])
        names += [None, f"relu{stage}_{index}"]
    network = torch.nn.Module()
    network.features = modules
    path = tmp_path / "vgg19.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=as_zip)
    found = ours(path, tmp_path, "torchvision")
    expected = PREPROCESSINGS["torchvision"]
    x = torch.tensor((PIXELS - expected.mean) / expected.std, dtype=torch.float32)
    x = x.permute(2, 0, 1)[None]
    with torch.no_grad():
        for name, module in zip(names, modules, strict=True):
            x = module(x)
            if name:
                values = x.permute(0, 2, 3, 1).numpy()
                assert relative_error(found[name], values) < 1e-5, name
