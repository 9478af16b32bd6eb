"""The MatConvNet reader: files of both kinds, compressed or not; hostile ones are refused."""

import struct
import zlib

import numpy as np
import pytest
from reference.expect import (
    assert_equal,
    refusals,
    refused,
    refused_if_cut,
    refused_if_it_shrinks,
)
from reference.keras_files import trunk
from reference.matlab_files import (
    array,
    cell,
    convolution,
    file_by_hand,
    file_of,
    network,
    tag,
    write,
)

from weights_tools import load
from weights_tools.readers import mat5
from weights_tools.readers.matconvnet import read_matconvnet

MEAN = (123.68, 116.779, 103.939)


def write_small(path, *, compressed=False):
    return write(path, {"layers": network(trunk(1))}, compressed=compressed)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("old", [False, True])
def test_both_kinds_of_files_give_the_tensors(tmp_path, compressed, old):
    variables = {"classes": {"name": cell(["a", "b"])}, "layers": network(trunk(), old=old)}
    found = load(write(tmp_path / "x.mat", variables, compressed=compressed))
    assert found.last_layer == "conv2_2"
    assert_equal(found.tensors, trunk())


def test_numbers_stored_in_fewer_bytes(tmp_path):
    tensors = {name: np.round(10 * values) for name, values in trunk(1).items()}
    path = tmp_path / "x.mat"
    path.write_bytes(file_by_hand("<", tensors["conv1_1/kernel"], tensors["conv1_1/bias"], "i1"))
    assert_equal(load(path).tensors, tensors)


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_orders_of_bytes(tmp_path, order):
    tensors = trunk(1)
    content = file_by_hand(order, tensors["conv1_1/kernel"], tensors["conv1_1/bias"], "f4")
    (tmp_path / "x.mat").write_bytes(content)
    assert_equal(load(tmp_path / "x.mat").tensors, tensors)
    # The files made by hand are such as their library reads.
    io = pytest.importorskip("scipy.io")
    read = io.loadmat(tmp_path / "x.mat")["layers"][0, 0]["weights"][0, 0][0, 0]
    np.testing.assert_array_equal(read, tensors["conv1_1/kernel"])


@pytest.mark.parametrize("where", ["meta", "normalization"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 3), (224, 224, 3), (3, 1)])
def test_the_mean_color(tmp_path, where, compressed, shape):
    mean = np.array(MEAN, np.float32).reshape(-1)
    picture = mean.reshape(shape) if shape == (3, 1) else np.broadcast_to(mean, shape).copy()
    if shape == (224, 224, 3):
        picture[:112] += 1
        picture[112:] -= 1
    normalization = {"imageSize": np.ones((1, 3)), "averageImage": picture}
    held = {"meta": {"normalization": normalization}, "normalization": normalization}[where]
    variables = {"layers": network(trunk(1)), where: held}
    with read_matconvnet(write(tmp_path / "x", variables, compressed=compressed)) as checkpoint:
        found = checkpoint.preprocessing
    assert (found.channel_order, found.scale, found.std) == ("rgb", 255.0, (1.0, 1.0, 1.0))
    assert found.mean == pytest.approx(MEAN, abs=1e-4)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"meta": {"normalization": {"averageImage": np.array([1.0, 2.0, np.nan])}}},
        {"meta": {"normalization": {"averageImage": np.zeros((4, 4))}}},
        {"meta": {"normalization": {"averageImage": np.zeros((2, 0, 3))}}},
        {"meta": {"normalization": {"averageImage": np.zeros((0, 0))}}},
        {"meta": {"normalization": {"averageImage": "gray"}}},
        {"meta": {"normalization": {"averageImage": np.ones((1, 1, 3)) * 1j}}},
        {"meta": {"normalization": 3.0}},
        {"meta": "imagenet"},
        {"normalization": cell([])},
    ],
)
def test_no_mean_color(tmp_path, variables):
    with read_matconvnet(
        write(tmp_path / "x", {"layers": network(trunk(1)), **variables})
    ) as checkpoint:
        assert checkpoint.preprocessing is None
        assert len(checkpoint.convolutions) == 3


def test_an_empty_bias_is_none(tmp_path):
    made = cell([convolution("conv1_1", trunk(1)["conv1_1/kernel"], np.zeros(0, np.float32))])
    refused(write(tmp_path / "x.mat", {"layers": made}), "conv1_1/bias is missing")


def one_layer(**changes):
    tensors = trunk(1)
    layer = convolution("conv1_1", tensors["conv1_1/kernel"], tensors["conv1_1/bias"])
    return {"layers": cell([{**layer, **changes}])}


@pytest.mark.parametrize(
    ("variables", "match"),
    [
        ({"net": 1.0}, r"it holds net \(float64\), expected a cell array `layers`"),
        ({"layers": np.ones(3)}, r"it holds layers \(float64\), expected a cell array"),
        ({"layers": cell(["a"])}, r"layers\{1\} is no struct with a name and a type, but char"),
        ({"layers": cell([])}, "holds no convolution"),
        (one_layer(type="relu"), "holds no convolution"),
        (one_layer(type=3.0), "holds no convolution"),
        (one_layer(type="bnorm"), r"batch normalization \(conv1_1\)"),
        (one_layer(weights="none"), "conv1_1 has 0 arrays of weights"),
        (one_layer(weights=cell([1.0, 2.0, 3.0])), "conv1_1 has 3 arrays of weights"),
        (one_layer(weights=cell(["a", "b"])), "holds no convolution"),
        (one_layer(weights=cell([np.ones((3, 3, 3, 64), np.int16), np.ones(64)])), "is int16"),
        (one_layer(weights=cell([np.ones((3, 3, 3, 64)) * 1j, np.ones(64)])), "is complex"),
        (one_layer(weights=cell([np.ones((3, 3, 64, 3)), np.ones(64)])), r"\(3, 3, 64, 3\)"),
    ],
)
def test_a_file_that_is_no_vgg_says_why(tmp_path, variables, match):
    refused(write(tmp_path / "x.mat", variables), match)


def nested(depth):
    content = b""
    for _ in range(depth):
        content = array("<", 1, (1, 1), content or array("<", 6, (0, 0), tag("<", 9, b"")))
    return content


EMPTY = tag("<", 14, b"")


@pytest.mark.parametrize(
    ("variable", "match"),
    [
        (array("<", 1, (1, 1), nested(2000), b"layers"), "is no struct .* but cell"),
        (array("<", 1, (1 << 30, 1 << 30), EMPTY, b"layers"), "but float64"),
        (array("<", 1, (1 << 30, 1), b"", b"layers"), "should begin an element"),
        (array("<", 1, (-1, 1), b"", b"layers"), "an array of the shape"),
        (array("<", 1, (1,) * 100, b"", b"layers"), "an array of the shape"),
        (array("<", 1, (), b"", b"layers"), "an array of the shape"),
        (array("<", 99, (1, 1), b"", b"layers"), "holds layers .*class 99"),
        (array("<", 3, (1, 1), b"", b"layers"), r"holds layers \(object\)"),
        (tag("<", 14, b"\x06\0\0\0\xff\xff\xff\xff" + b"\0" * 8), "too late"),
        (struct.pack("<II", 14, 0xFFFFFFFF), "too late"),
        (struct.pack("<II", 9 << 16 | 14, 0), "a small element of 9 bytes"),
        (tag("<", 9, b"\0" * 8), "has type 9, expected an array"),
        (tag("<", 15, b""), "packed and cut off"),
        (tag("<", 15, b"x" * 100), "cannot be unpacked"),
        (tag("<", 15, zlib.compress(b"")), "should begin an element"),
        (tag("<", 15, zlib.compress(tag("<", 15, zlib.compress(EMPTY)))), "has type 15"),
        (EMPTY * 200_001, "more than 200000 elements"),
        (b"\0" * 4, "should begin an element"),
        (b"", "it holds nothing"),
    ],
)
def test_hostile_variables_end(tmp_path, variable, match):
    (tmp_path / "x.mat").write_bytes(file_of("<", variable))
    refused(tmp_path / "x.mat", match)


def test_cells_in_cells_do_not_recurse(tmp_path):
    # Each level has its own 48 bytes before it; from inside out this would be quadratic.
    head = array("<", 1, (1, 1), b"", b"")[8:]
    size, heads = 0, []
    for _ in range(20_000):
        size += len(head)
        heads.append(struct.pack("<II", 14, size) + head)
        size += 8
    layers = b"".join(reversed(heads))
    content = file_of("<", array("<", 1, (1, 1), layers, b"layers"))
    (tmp_path / "x.mat").write_bytes(content)
    refused(tmp_path / "x.mat", "is no struct .* but cell")


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = write_small(tmp_path / "x.mat", compressed=True)
    load(path)
    monkeypatch.setattr(mat5, "MAX_BYTES", 24_000)
    monkeypatch.setattr(mat5, "_BLOCK", 1000)
    load(path)  # 16 kB
    bomb = tag("<", 15, zlib.compress(b"\0" * (1 << 24), 9))
    path.write_bytes(file_of("<", bomb))
    refused(path, "it would unpack to more than 24000 bytes")
    most = array("<", 6, (1, 2000), tag("<", 9, b"\0" * 16_000), b"most")
    path.write_bytes(file_of("<", *[tag("<", 15, zlib.compress(most))] * 2))
    refused(path, "it would unpack to more than 24000 bytes")


def test_wrong_counts_are_refused(tmp_path):
    content = file_by_hand("<", trunk(1)["conv1_1/kernel"], trunk(1)["conv1_1/bias"], "f4")
    shape = struct.pack("<4i", 3, 3, 3, 64)
    assert content.count(shape) == 1
    path = tmp_path / "x.mat"
    path.write_bytes(content.replace(shape, struct.pack("<4i", 3, 3, 1 << 30, 1 << 30)))
    refused(path, r"shape \(3, 3, 1073741824, 1073741824\)")
    shape = struct.pack("<2i", 1, 64)
    path.write_bytes(content.replace(shape, struct.pack("<2i", 1, 60)))
    refused(path, r"conv1_1/bias.* has shape \(1, 60\)")
    values = struct.pack("<II", 7, 64 * 4)
    assert content.count(values) == 1
    path.write_bytes(content.replace(values, struct.pack("<II", 7, 60 * 4)))
    refused(path, "240 bytes of values, expected 256")
    path.write_bytes(content.replace(values, struct.pack("<II", 16, 64 * 4)))
    refused(path, "float32 values of type 16")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("keep", [20, 127, 130, 200, 600, 5000, -8])
def test_a_truncated_file(tmp_path, compressed, keep):
    refused_if_cut(write_small(tmp_path / "x.mat", compressed=compressed), [keep])


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files_are_read_or_refused(tmp_path, compressed):
    path = write_small(tmp_path / "x.mat", compressed=compressed)
    assert refusals(path, (128, 700, 3), (128, path.stat().st_size, 2)) > 50


def test_a_file_of_version_7_3(tmp_path):
    (tmp_path / "x.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n")
    refused(tmp_path / "x.mat", "MATLAB 7.3 file")


def test_a_file_that_shrinks_while_it_is_open(tmp_path):
    refused_if_it_shrinks(write_small(tmp_path / "x.mat"), read_matconvnet, 200)
