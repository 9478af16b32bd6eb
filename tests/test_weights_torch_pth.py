"""The PyTorch reader: every way of saving gives the same tensors."""

import sys

import numpy as np
import pytest
from reference.expect import assert_equal, refused
from reference.keras_files import random_tensors

from weights_tools import load

torch = pytest.importorskip("torch")

from reference.torch_files import FORMATS, save, state_dict  # noqa: E402 - it needs PyTorch


@pytest.mark.parametrize(
    ("architecture", "as_zip"),
    [pytest.param("vgg16", False, id="legacy"), pytest.param("vgg19", True, id="zip")],
)
def test_torchvision(architecture, as_zip, tmp_path):
    tensors = random_tensors(architecture)
    content = state_dict(tensors, architecture)
    content["classifier.0.weight"] = torch.zeros(8, 4)
    content["classifier.0.bias"] = torch.zeros(8)
    found = load(save(content, tmp_path / "x.pth", as_zip=as_zip))
    assert (found.architecture, found.last_layer) == (architecture, "")
    assert_equal(found.tensors, tensors)


@pytest.mark.parametrize("as_zip", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        "{position}",
        "features.{position}",
        "module.features.{position}",
        "vgg.{position}",
        "module.vgg16.features.{position}",
        "{layer}",
        "net.{layer}",
    ],
)
def test_names(name, as_zip, trunk, tmp_path):
    content = state_dict(trunk, name=name)
    shuffled = dict(reversed(content.items()))  # the names tell the order, not the file
    found = load(save(shuffled, tmp_path / "x.pth", as_zip=as_zip))
    assert found.last_layer == "conv2_2"
    assert_equal(found.tensors, trunk)


@pytest.mark.parametrize("as_zip", FORMATS)
@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net"])
def test_training_checkpoint(key, as_zip, trunk, tmp_path):
    network = state_dict(trunk)
    moments = {number: {"exp_avg": value + 1} for number, value in enumerate(network.values())}
    content = {
        "epoch": 3,
        "arch": "vgg16" * 1000,
        "best": torch.tensor(0.5),
        "optimizer": {"state": moments, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99)}]},
        key: network,
    }
    assert_equal(load(save(content, tmp_path / "x.pth", as_zip=as_zip)).tensors, trunk)


def test_checkpoint_in_checkpoint(trunk, tmp_path):
    content = {"model": {"state_dict": {"features": state_dict(trunk, name="{position}")}}}
    assert_equal(load(save(content, tmp_path / "x.pth")).tensors, trunk)


@pytest.mark.parametrize("as_zip", FORMATS)
def test_module_and_parameters(as_zip, trunk, tmp_path):
    layers = []
    for outputs, inputs in [(64, 3), (64, 64), (128, 64), (128, 128)]:
        layers += [torch.nn.Conv2d(inputs, outputs, 3), torch.nn.ReLU()]
        layers += [torch.nn.MaxPool2d(2)] * (len(layers) == 4)
    model = torch.nn.Sequential(*layers)
    model.load_state_dict(state_dict(trunk, name="{position}"))
    path = save(model.state_dict(), tmp_path / "x.pth", as_zip=as_zip)
    assert_equal(load(path).tensors, trunk)
    path = save(dict(model.named_parameters()), tmp_path / "x.pth", as_zip=as_zip)
    assert_equal(load(path).tensors, trunk)
    refused(save(model, path, as_zip=as_zip), r"Sequential\) that could run code: .*state_dict\(\)")


@pytest.mark.parametrize("as_zip", FORMATS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_float_types(dtype, as_zip, trunk, tmp_path):
    content = {key: value.to(getattr(torch, dtype)) for key, value in state_dict(trunk).items()}
    found = load(save(content, tmp_path / "x.pth", as_zip=as_zip))
    back = {key: value.float() for key, value in content.items()}
    expected = state_dict(found.tensors)
    assert all(torch.equal(back[key], expected[key]) for key in back)


@pytest.mark.parametrize("as_zip", FORMATS)
def test_views(as_zip, trunk, tmp_path):
    content = state_dict(trunk)
    together = torch.cat([value.flatten() for value in content.values()])
    start = 0
    for key, value in content.items():
        content[key] = together[start : start + value.numel()].view(value.shape)
        start += value.numel()
    first = content["features.0.weight"]
    content["features.0.weight"] = first.to(memory_format=torch.channels_last)
    content["features.0.bias"] = torch.tensor(0.25).expand(64)  # a stride of 0
    found = load(save(content, tmp_path / "x.pth", as_zip=as_zip))
    assert_equal(found.tensors, {**trunk, "conv1_1/bias": np.full(64, 0.25, np.float32)})


def test_values_outlive_the_file(trunk, tmp_path):
    path = save(state_dict(trunk), tmp_path / "x.pth")
    found = load(path)
    path.write_bytes(bytes(path.stat().st_size))
    assert_equal(found.tensors, trunk)


def test_no_torch(trunk, tmp_path, monkeypatch):
    path = save(state_dict(trunk), tmp_path / "x.pth")
    monkeypatch.setitem(sys.modules, "torch", None)
    refused(path, "needs PyTorch .* pip install torch, or save the file as safetensors")


def test_mislabeled(trunk, tmp_path):
    for name in ("x.safetensors", "x.h5", "x"):
        assert_equal(load(save(state_dict(trunk), tmp_path / name)).tensors, trunk)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda content: content.pop("features.12.weight"),
            "missing between features.10.weight and features.14.weight",
        ),
        (lambda content: content.pop("features.12.bias"), "conv3_2/bias is missing"),
        (
            lambda content: content.update({"features.1.running_mean": torch.zeros(64)}),
            "batch normalization .features.1.running_mean",
        ),
        (
            lambda content: content.update({"features.0.weight": torch.ones(64, 3, 3, 3).int()}),
            "is int32, expected floating-point",
        ),
        (
            lambda content: content.update({"features.0.weight": torch.zeros(1).expand(1 << 50)}),
            "expected",
        ),
        (
            lambda content: content.update(
                {"features.0.bias": torch.zeros(1).expand(1 << 50, 1 << 10)}
            ),
            r"conv1_1/bias .* has shape \(1125899906842624, 1024\)",
        ),
        (lambda content: content.clear(), "no convolution"),
        (
            lambda content: content.update({"fea\ntures.5.weight": torch.ones(9, 9, 3, 3)}),
            r"fea\\ntures",
        ),
    ],
)
@pytest.mark.parametrize("as_zip", FORMATS)
def test_another_network(change, match, as_zip, whole, tmp_path):
    few = {name: tensor for name, tensor in whole.items() if name[4] in "123"}
    content = state_dict(few)
    change(content)
    refused(save(content, tmp_path / "x.pth", as_zip=as_zip), match)


@pytest.mark.filterwarnings("ignore")  # PyTorch's own about quantized tensors
@pytest.mark.parametrize("as_zip", FORMATS)
def test_quantized(as_zip, trunk, tmp_path):
    content = {
        key: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8)
        for key, value in state_dict(trunk).items()
    }
    refused(save(content, tmp_path / "x.pth", as_zip=as_zip), "is qint8, expected floating-point")


def test_gap_in_the_middle(whole, tmp_path):
    content = state_dict(whole)
    for part in ("weight", "bias"):
        del content[f"features.21.{part}"]
    refused(
        save(content, tmp_path / "x.pth"),
        "missing between features.19.weight and features.24.weight",
    )


@pytest.mark.parametrize("content", [[1, 2], 3, torch.zeros(3)], ids=["list", "int", "tensor"])
@pytest.mark.parametrize("as_zip", FORMATS)
def test_no_dict(content, as_zip, tmp_path):
    refused(save(content, tmp_path / "x.pth", as_zip=as_zip), "expected a dict of tensors")
