"""Reading converted weights: the layout that `weights_tools` writes, and files that are not it."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from reference.inputs import random_network
from safetensors.numpy import save_file

import weights_tools
from nstjax.vgg import VGG, Preprocessing, Weights, load_weights, tensor_shapes
from nstjax.vgg.weights import METADATA_KEYS
from weights_tools import layout

METADATA = {
    "architecture": "vgg16",
    "channel_order": "rgb",
    "scale": "1",
    "mean": "[0.485, 0.456, 0.406]",
    "std": "[0.229, 0.224, 0.225]",
    "source": "a test",
    "source_sha256": "00",
    "license": "unknown",
}


@pytest.fixture(scope="module")
def tensors(network):
    return network("vgg16").tensors


@pytest.fixture(scope="module")
def file(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "vgg16.safetensors"
    save_file(tensors, path, METADATA)
    return path


def test_a_file_is_read_as_it_was_written(file, tensors):
    found = load_weights(str(file))
    assert found.architecture == "vgg16"
    assert found.preprocessing == Preprocessing(
        "rgb", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    )
    assert found.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor)
    np.testing.assert_array_equal(found.kernel("4_2"), tensors["conv4_2/kernel"])
    np.testing.assert_array_equal(found.bias("1_1"), tensors["conv1_1/bias"])


def test_both_packages_state_the_same_layout():
    assert METADATA_KEYS == layout.METADATA_KEYS
    for architecture in layout.STAGES:
        assert tensor_shapes(architecture) == layout.shapes(architecture)


def test_what_weights_tools_writes_is_read_back(tmp_path):
    tensors = random_network("vgg19")
    caffe = weights_tools.Preprocessing("bgr", 255, (103.939, 116.779, 123.68), (1, 1, 1))
    path = tmp_path / "vgg19.safetensors"
    weights_tools.write(
        path, weights_tools.NetworkWeights("vgg19", caffe, tensors, "a test", "00", "unknown")
    )
    found = load_weights(path)
    assert found.architecture == "vgg19"
    expected = (caffe.channel_order, caffe.scale, caffe.mean, caffe.std)
    assert tuple(found.preprocessing) == expected
    assert found.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conv5_3/bias", None, r"lack conv5_3/bias \(512,\)"),
        ("conv1_1/kernel", np.zeros((3, 3, 3, 32), np.float32), r"\(3, 3, 3, 32\), not .*64"),
        ("conv2_1/kernel", np.zeros((128, 64, 3, 3), np.float32), r"conv2_1/kernel of shape"),
        ("conv3_1/bias", np.full(256, np.nan, np.float32), "NaN or infinity in conv3_1/bias"),
        ("conv3_1/bias", np.full(256, np.inf, np.float32), "NaN or infinity in conv3_1/bias"),
    ],
)
def test_a_tensor_that_is_wrong_is_named(tensors, network, refused, name, value, message):
    changed = {key: tensor for key, tensor in tensors.items() if key != name}
    if value is not None:
        changed[name] = value
    with refused(message):
        Weights("vgg16", network("vgg16").preprocessing, changed)


def test_a_network_of_another_architecture_is_refused(tensors, network, refused):
    with refused("lack conv3_4/kernel"):
        Weights("vgg19", network("vgg16").preprocessing, tensors)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({}, "lack conv1_1/kernel"),
        ({"conv1_1/kernel": np.zeros((3, 3, 3, 9), np.float32)}, r"shape \(3, 3, 3, 9\)"),
        ({"conv1_1/kernel": np.full((3, 3, 3, 64), np.nan, np.float32)}, "NaN"),
    ],
)
def test_wrong_tensors_are_told_with_the_file(tmp_path, refused, contents, message):
    path = tmp_path / "x.safetensors"
    save_file({"else": np.zeros(1, np.float32), **contents}, path, METADATA)
    with refused(f"x.safetensors: .*{message}"):
        load_weights(path)


@pytest.mark.parametrize("key", METADATA_KEYS)
def test_every_entry_of_the_metadata_is_needed(tmp_path, refused, key):
    path = tmp_path / "x.safetensors"
    metadata = {name: value for name, value in METADATA.items() if name != key}
    save_file({"x": np.zeros(1, np.float32)}, path, metadata)
    with refused(rf"x.safetensors is not a converted VGG \(metadata lacks {key}\)"):
        load_weights(path)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "resnet"},
        {"channel_order": "gbr"},
        {"scale": "big"},
        {"scale": "0"},
        {"scale": "nan"},
        {"scale": "inf"},
        {"mean": "[1, 2"},
        {"mean": "7"},
        {"mean": "[1, 2]"},
        {"mean": "[1, 2, null]"},
        {"mean": "[NaN, 1, 1]"},
        {"std": "[1, 0, 1]"},
        {"std": "[1, -1, 1]"},
        {"std": json.dumps("abc")},
    ],
)
def test_metadata_that_make_no_sense_are_refused(tmp_path, refused, change):
    path = tmp_path / "x.safetensors"
    save_file({"x": np.zeros(1, np.float32)}, path, METADATA | change)
    with refused("x.safetensors.*(metadata|architecture)"):
        load_weights(path)


def test_what_is_no_safetensors_file_is_refused(file, tmp_path, refused):
    with refused("no weights file .*nothing"):
        load_weights(tmp_path / "nothing")
    with refused("no weights file"):
        load_weights(tmp_path)
    with refused("no weights file"):
        load_weights(tmp_path / ("x" * 300))  # longer than a name may be
    for name, content in (
        ("empty", b""),
        ("text", b"not a network\n" * 20),
        ("cut", file.read_bytes()[:1_000_000]),
        ("pickle", b"\x80\x02}q\x00."),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with refused(f"cannot read weights .*{name}"):
            load_weights(path)
    save_file({"x": np.zeros(1, np.float32)}, tmp_path / "plain")
    with refused("plain is not a converted VGG"):
        load_weights(tmp_path / "plain")


def test_a_cut_network_has_the_layers_that_it_has(tensors, tmp_path, refused):
    cut = {name: each for name, each in tensors.items() if name < "conv3_2"}
    save_file(cut, tmp_path / "x", {**METADATA, "last_layer": "conv3_1"})
    weights = load_weights(tmp_path / "x")
    assert weights.last_layer == "conv3_1"
    assert list(VGG(weights, ("conv1_2", "relu3_1"))(np.zeros((1, 8, 8, 3), np.float32))) == [
        "conv1_2",
        "relu3_1",
    ]
    for beyond in ("pool3", "conv3_2", "relu5_1"):
        with refused(f"{beyond}.*weights end at conv3_1.* which has conv1_1, .*, relu3_1$"):
            VGG(weights, (beyond,))
    save_file(cut, tmp_path / "y", METADATA)
    with refused(r"the weights lack conv3_2/kernel"):
        load_weights(tmp_path / "y")
    save_file(cut, tmp_path / "z", {**METADATA, "last_layer": "conv7_1"})
    with refused("'conv7_1' is no convolution of vgg16"):
        load_weights(tmp_path / "z")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_widened(tensors, tmp_path, dtype):
    narrow = {name: each.astype(jnp.dtype(dtype)) for name, each in tensors.items()}
    save_file(narrow, tmp_path / "x", METADATA)
    found = load_weights(tmp_path / "x").tensors
    for name, each in narrow.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], each.astype(np.float32))


def test_hostile_metadata_and_types_are_refused(tensors, tmp_path, refused):
    save_file(tensors, tmp_path / "x", {**METADATA, "mean": "[" * 100_000})
    with refused("not numbers|make no sense"):
        load_weights(tmp_path / "x")
    content = (tmp_path / "x").read_bytes()
    (tmp_path / "y").write_bytes(content.replace(b'"F32"', b'"F8_E4M3"', 1))
    with refused("cannot read weights"):
        load_weights(tmp_path / "y")
