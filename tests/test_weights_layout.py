"""The weights layout: its names and shapes, its checks, and files that are whole or not there."""

import dataclasses
import json
import os

import numpy as np
import pytest
from reference.expect import assert_equal
from reference.keras_files import random_tensors
from safetensors import safe_open
from safetensors.numpy import save_file

from weights_tools import NetworkWeights, Preprocessing, WeightsError, check, read, write
from weights_tools.layout import OPTIONAL_METADATA_KEYS, STAGES, shapes

CAFFE = Preprocessing("bgr", 255, (103.939, 116.779, 123.68), (1, 1, 1))
METADATA = {
    "architecture": "vgg16",
    "channel_order": "rgb",
    "scale": "1",
    "mean": "[0.5, 0.5, 0.5]",
    "std": "[1, 1, 1]",
    "source": "a test",
    "source_sha256": "00",
    "license": "unknown",
}


@pytest.fixture(scope="module")
def weights(whole):
    return NetworkWeights("vgg16", CAFFE, whole, "a test", "00", "unknown")


@pytest.fixture(scope="module")
def file(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("layout") / "folder" / "vgg16.safetensors"
    write(path, weights)
    return path


@pytest.mark.parametrize(("architecture", "count"), [("vgg16", 14_714_688), ("vgg19", 20_024_384)])
def test_shapes_are_those_of_the_paper(architecture, count):
    found = shapes(architecture)
    # The number of parameters without the dense layers, as Keras prints it.
    assert sum(int(np.prod(shape)) for shape in found.values()) == count
    assert {name: tensor.shape for name, tensor in random_tensors(architecture).items()} == found


def test_read_gives_back_what_was_written(weights, file):
    found = read(file)
    assert found.preprocessing == CAFFE
    for field in ("architecture", "source", "source_sha256", "license"):
        assert getattr(found, field) == getattr(weights, field)
    assert_equal(found.tensors, weights.tensors, ordered=False)
    assert os.listdir(file.parent) == [file.name]


def test_metadata_are_strings_that_others_can_read(file):
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    assert metadata.keys() == {*METADATA, *OPTIONAL_METADATA_KEYS}
    assert json.loads(metadata["scale"]) == 255
    assert json.loads(metadata["mean"]) == [103.939, 116.779, 123.68]
    assert json.loads(metadata["std"]) == [1, 1, 1]


def test_a_transposed_tensor_is_written_by_its_values(weights, tmp_path):
    tensors = dict(weights.tensors)
    kernel = tensors["conv1_2/kernel"]
    tensors["conv1_2/kernel"] = kernel.transpose(3, 2, 0, 1).copy().transpose(2, 3, 1, 0)
    write(tmp_path / "x", dataclasses.replace(weights, tensors=tensors))
    np.testing.assert_array_equal(read(tmp_path / "x").tensors["conv1_2/kernel"], kernel)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conv3_1/bias", None, r"conv3_1/bias is missing, vgg16 has it with shape \(256,\)"),
        ("conv9_1/bias", np.zeros(3, np.float32), r"conv9_1/bias of shape \(3,\) is no tensor of"),
        ("conv1_1/bias", np.zeros(3, np.float32), r"conv1_1/bias has shape \(3,\), .* has \(64,\)"),
        ("conv1_1/bias", np.zeros(64), "conv1_1/bias is float64, expected float32"),
        ("conv1_1/bias", np.full(64, np.nan, np.float32), "conv1_1/bias holds 64 values that are"),
        ("conv1_1/bias", np.full(64, -np.inf, np.float32), "conv1_1/bias holds 64 values that are"),
    ],
)
def test_check_names_the_tensor(weights, name, value, message):
    tensors = {key: tensor for key, tensor in weights.tensors.items() if key != name}
    if value is not None:
        tensors[name] = value
    with pytest.raises(WeightsError, match=message):
        check(dataclasses.replace(weights, tensors=tensors))


def test_check_refuses_another_architecture(weights):
    with pytest.raises(WeightsError, match="'vgg11'.*vgg16, vgg19"):
        check(dataclasses.replace(weights, architecture="vgg11"))
    with pytest.raises(WeightsError, match="conv3_4/kernel is missing, vgg19"):
        check(dataclasses.replace(weights, architecture="vgg19"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channel_order", "gbr"),
        ("scale", 0),
        ("scale", float("nan")),
        ("scale", "255"),
        ("scale", True),
        ("scale", 10**400),
        ("mean", (1, 2)),
        ("mean", "123"),
        ("mean", (1, 2, None)),
        ("std", (1, 0, 1)),
        ("std", None),
    ],
)
def test_preprocessing_refuses_what_is_no_network(field, value):
    with pytest.raises(WeightsError, match=f"^{field} is .*it must be"):
        dataclasses.replace(CAFFE, **{field: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"license": None, "mean": None}, "metadata lack mean, license"),
        ({"mean": "[1, 2"}, "metadata's mean is '\\[1, 2': it must be JSON"),
        ({"mean": "7"}, "mean is 7: it must be three numbers"),
        ({"architecture": "resnet"}, "architecture is 'resnet'"),
        ({"std": "[1, 1, NaN]"}, "std is .* it must be three positive numbers"),
        ({}, "conv1_1/kernel is missing"),
    ],
)
def test_read_says_what_is_wrong_with_the_file(tmp_path, change, message):
    metadata = {key: value for key, value in (METADATA | change).items() if value is not None}
    save_file({"x": np.zeros(2, np.float32)}, tmp_path / "x", metadata)
    with pytest.raises(WeightsError, match=f"x: .*{message}"):
        read(tmp_path / "x")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_stored_rounded_and_read_as_float32(weights, tmp_path, dtype):
    tensors = weights.tensors
    write(tmp_path / "x", dataclasses.replace(weights, dtype=dtype))
    assert (tmp_path / "x").stat().st_size < 0.51 * sum(each.nbytes for each in tensors.values())
    found = read(tmp_path / "x")
    assert found.dtype == dtype
    steps = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
    for name, tensor in tensors.items():
        assert found.tensors[name].dtype == np.float32
        # Rounding to nearest moves a number by half a unit in the last of its 11 or 8 bits.
        assert np.all(np.abs(found.tensors[name] - tensor) <= steps[dtype] * np.abs(tensor) + 1e-7)


def test_values_too_large_for_float16_are_refused(weights, tmp_path):
    tensors = {**weights.tensors, "conv1_1/bias": np.full(64, 1e5, np.float32)}
    with pytest.raises(WeightsError, match="too large for float16: use float32"):
        write(tmp_path / "x", dataclasses.replace(weights, tensors=tensors, dtype="float16"))
    assert not list(tmp_path.iterdir())


def test_types_must_be_one_and_known(trunk, tmp_path):
    mixed = {**trunk, "conv1_1/bias": trunk["conv1_1/bias"].astype(np.float16)}
    doubles = {name: tensor.astype(np.float64) for name, tensor in trunk.items()}
    for tensors in (mixed, doubles):
        save_file(tensors, tmp_path / "x", {**METADATA, "last_layer": "conv2_2"})
        with pytest.raises(WeightsError, match="expected one of F32, F16, BF16 for all tensors"):
            read(tmp_path / "x")


def test_a_trunk_may_be_cut_if_its_metadata_say_so(weights, tmp_path):
    tensors = {name: each for name, each in weights.tensors.items() if name < "conv4_2"}
    cut = dataclasses.replace(weights, tensors=tensors, last_layer="conv4_1")
    write(tmp_path / "x", cut)
    found = read(tmp_path / "x")
    assert found.last_layer == "conv4_1"
    assert found.tensors.keys() == tensors.keys()
    with pytest.raises(WeightsError, match="conv4_2/kernel is missing"):
        write(tmp_path / "y", dataclasses.replace(weights, tensors=tensors))
    with pytest.raises(WeightsError, match="last_layer is 'conv6_1': vgg16 has conv1_1"):
        write(tmp_path / "y", dataclasses.replace(cut, last_layer="conv6_1"))


def test_read_of_what_is_no_whole_file(file, tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        read(tmp_path / "nothing")
    with pytest.raises(WeightsError, match="is a directory"):
        read(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(WeightsError, match="is empty"):
        read(tmp_path / "empty")
    (tmp_path / "cut").write_bytes(file.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        read(tmp_path / "cut")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(weights, tmp_path, monkeypatch):
    path = tmp_path / "vgg16.safetensors"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(WeightsError, match="cannot be written: No space left on device"):
        write(path, weights)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]


def test_write_refuses_a_place_that_is_no_file(weights, tmp_path):
    with pytest.raises(WeightsError, match="is a directory"):
        write(tmp_path, weights)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WeightsError, match="is not a regular file"):
        write(tmp_path / "pipe", weights)
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="cannot be written"):
        write(tmp_path / "file" / "x", weights)


def test_nothing_is_written_that_fails_the_check(weights, tmp_path):
    with pytest.raises(WeightsError):
        write(tmp_path / "x", dataclasses.replace(weights, tensors={}))
    assert not os.listdir(tmp_path)


def test_the_architectures_have_the_depth_of_their_names():
    # Three dense layers make up the rest.
    assert {name: sum(stages) + 3 for name, stages in STAGES.items()} == {"vgg16": 16, "vgg19": 19}
