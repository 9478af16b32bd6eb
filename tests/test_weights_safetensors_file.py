"""The reader of other libraries' safetensors: any names, lazily, and bad files are refused."""

import json

import numpy as np
import pytest
from reference.expect import assert_equal, refusals, refused, refused_if_cut
from reference.keras_files import layers
from safetensors.numpy import save_file

from weights_tools import load
from weights_tools.readers.safetensors_file import read_safetensors_file

OIHW = (3, 2, 0, 1)
OHWI = (3, 0, 1, 2)
HWIO = (0, 1, 2, 3)
POSITIONS = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]  # of torchvision's VGG16


def renamed(
    tensors, kernel="features.{position}.weight", bias="features.{position}.bias", axes=OIHW
):
    """Return tensors of ours under other names and in another order of axes."""
    found = {}
    for position, layer in zip(POSITIONS, layers(tensors), strict=False):
        stage, index, weights, biases = layer
        names = {"position": position, "stage": stage, "index": index}
        found[kernel.format(**names)] = np.ascontiguousarray(weights.transpose(axes))
        found[bias.format(**names)] = biases
    return found


def test_torchvision(whole, tmp_path):
    dense = {"classifier.0.weight": np.ones((8, 4), np.float32), "classifier.0.bias": np.ones(8)}
    save_file({**renamed(whole), **dense}, tmp_path / "x.safetensors", {"format": "pt"})
    found = load(tmp_path / "x.safetensors")
    assert (found.architecture, found.last_layer) == ("vgg16", "")
    assert_equal(found.tensors, whole)


@pytest.mark.parametrize(
    ("kernel", "bias", "axes"),
    [
        ("{position}.weight", "{position}.bias", OIHW),
        ("module.features.{position}.weight", "module.features.{position}.bias", OIHW),
        ("features.{position}.weight", "features.{position}.bias", OHWI),  # MLX
        ("vgg.conv{stage}_{index}.weight", "vgg.conv{stage}_{index}.bias", OHWI),
        ("block{stage}_conv{index}/kernel", "block{stage}_conv{index}/bias", HWIO),
        ("block{stage}_conv{index}/kernel:0", "block{stage}_conv{index}/bias:0", HWIO),
        ("conv{stage}_{index}_W", "conv{stage}_{index}_b", HWIO),
    ],
)
def test_names_and_axes(kernel, bias, axes, trunk, tmp_path):
    save_file(renamed(trunk, kernel, bias, axes), tmp_path / "x.safetensors")
    found = load(tmp_path / "x.safetensors")
    assert found.last_layer == "conv2_2"
    assert_equal(found.tensors, trunk)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_float_types(dtype, trunk, tmp_path):
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    stored = {name: tensor.astype(dtype) for name, tensor in trunk.items()}
    save_file(renamed(stored), tmp_path / "x.safetensors")
    expected = {name: tensor.astype(np.float32) for name, tensor in stored.items()}
    assert_equal(load(tmp_path / "x.safetensors").tensors, expected)
    with read_safetensors_file(tmp_path / "x.safetensors") as checkpoint:
        kernel = checkpoint.convolutions[0].kernel
        assert kernel.dtype == np.dtype(dtype).name
        assert kernel.read().dtype == ("float32" if kernel.dtype == "bfloat16" else dtype)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (
            lambda content: content.pop("features.12.weight"),
            "missing between features.10.weight and features.14.weight",
        ),
        (lambda content: content.pop("features.12.bias"), "conv3_2/bias is missing"),
        (
            lambda content: content.update({"features.0.weight": np.ones((64, 3, 3, 3), np.int8)}),
            "is int8, expected floating-point",
        ),
        (
            lambda content: content.update({"features.0.bias": np.ones(65, np.float32)}),
            r"conv1_1/bias \(features.0.bias\) has shape \(65,\)",
        ),
        (
            lambda content: content.update({"features.1.running_mean": np.ones(64, np.float32)}),
            "batch normalization",
        ),
        (lambda content: content.clear(), "no convolution"),
        (lambda content: content.update({"a\nb5": np.ones((9, 9, 3, 3), np.float32)}), r"a\\nb5"),
    ],
)
def test_another_network(change, match, whole, tmp_path):
    few = {name: tensor for name, tensor in whole.items() if name[4] in "123"}
    content = renamed(few)
    change(content)
    save_file({**content, "other": np.ones(3, np.float32)}, tmp_path / "x.safetensors")
    refused(tmp_path / "x.safetensors", match)


def test_gap_in_the_middle(whole, tmp_path):
    content = renamed(whole)
    for part in ("weight", "bias"):
        del content[f"features.21.{part}"]
    save_file(content, tmp_path / "x.safetensors")
    refused(tmp_path / "x.safetensors", "missing between features.19.weight and features.24.weight")


def write(path, header, content=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)
    return path


def tensor(shape, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}


@pytest.mark.parametrize(
    ("header", "match"),
    [
        ({"0.weight": tensor([64, 3, 3, 3], 6912)}, "damaged safetensors file"),
        ({"0.weight": tensor([1 << 40, 3, 3, 3], 16)}, "damaged"),
        ({"0.weight": tensor([1 << 63, 1 << 63], 16)}, "damaged"),
        ({"0.weight": tensor([-4], 16)}, "damaged"),
        ({"0.weight": tensor([4], 16, "F33")}, "damaged"),
        ({"0.weight": tensor([4, 1, 1, 1], 16), "x": tensor([4], 16)}, "damaged"),
        ({"a" * 1000: tensor([1, 0, 3, 3], 0), "x": tensor([4], 16)}, r"a{200}\.\.\."),
        (b"{" * 100_000, "damaged"),
        (b'{"a":' + b"[" * 100_000, "damaged"),
        (b"{}", "damaged"),
    ],
)
def test_hostile_headers(header, match, tmp_path):
    refused(write(tmp_path / "x.safetensors", header, bytes(16)), match)


def test_header_longer_than_the_file(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"\xff\xff\xff\x7f\0\0\0\0{}")
    refused(tmp_path / "x.safetensors", "damaged")


def test_eight_bit_floats(tmp_path):
    header = {
        "0.weight": {"dtype": "F8_E4M3", "shape": [64, 3, 3, 3], "data_offsets": [0, 1728]},
        "0.bias": {"dtype": "F32", "shape": [64], "data_offsets": [1728, 1984]},
    }
    refused(write(tmp_path / "x.safetensors", header, bytes(1984)), "is F8_E4M3, expected")


def test_many_tensors(tmp_path):
    header = {str(number): tensor([0], 0) for number in range(10_001)}
    refused(write(tmp_path / "x.safetensors", header), "10001 tensors, more than 10000")


def test_damaged_files_are_read_or_refused(trunk, tmp_path):
    first = {name: tensor for name, tensor in trunk.items() if name.startswith("conv1_1")}
    path = tmp_path / "x.safetensors"
    save_file(renamed(first), path)
    assert refusals(path, (0, 250, 2), times=300) > 100


def test_truncated_files_are_refused(trunk, tmp_path):
    path = tmp_path / "x.safetensors"
    save_file(renamed(trunk), path)
    refused_if_cut(path, [7, 9, 100, path.stat().st_size // 2, -1], ".")


def test_mislabeled(trunk, tmp_path):
    save_file(renamed(trunk), tmp_path / "x.pth")
    assert_equal(load(tmp_path / "x.pth").tensors, trunk)
