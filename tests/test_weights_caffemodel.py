"""The Caffe reader: both versions of layers and of shapes; damaged and hostile files are refused.

The files are written with the `protobuf` library, from the messages of caffe.proto.
"""

import numpy as np
import pytest
from reference.caffe_files import add_blob, network, network_class
from reference.expect import (
    assert_equal,
    refusals,
    refused,
    refused_if_cut,
    refused_if_it_shrinks,
)
from reference.keras_files import trunk
from reference.messages import field, write

from weights_tools import load
from weights_tools.readers import detect_format, wire
from weights_tools.readers.caffemodel import read_caffemodel


@pytest.mark.parametrize("v1", [False, True])
@pytest.mark.parametrize("has_shape", [False, True])
@pytest.mark.parametrize("name", ["", "VGG (a copy), 16 layers: `new`"])
def test_every_version_gives_the_tensors(tmp_path, v1, has_shape, name):
    made = network(trunk(), v1=v1, has_shape=has_shape, name=name)
    path = write(tmp_path / "x", made)
    assert detect_format(path).name == "Caffe"
    found = load(path)
    assert found.last_layer == "conv2_2"
    assert_equal(found.tensors, trunk())


def test_double_precision_is_narrowed(tmp_path):
    path = write(tmp_path / "x", network(trunk(), field="double_data"))
    assert_equal(load(path).tensors, trunk())


def test_numbers_that_are_not_packed(tmp_path):
    tensors = trunk(1)
    layer = network(tensors).layer[0]
    del layer.blobs[1]
    shape = field(7, b"\x08\x40")  # 64, as a field of its own too
    values = b"".join(b"\x2d" + each.tobytes() for each in tensors["conv1_1/bias"].astype("<f4"))
    content = field(100, layer.SerializeToString() + field(7, shape + values))
    assert list(network_class().FromString(content).layer[0].blobs[1].shape.dim) == [64]
    (tmp_path / "x").write_bytes(content)
    assert_equal(load(tmp_path / "x").tensors, tensors)


def test_the_values_are_read_only_when_they_are_needed(tmp_path, monkeypatch):
    made = network(trunk(1))
    add_blob(made.layer.add(name="fc7", type="InnerProduct"), np.ones(1 << 20), has_shape=True)
    path = write(tmp_path / "x", made)
    read = []
    original = wire.Wire.read
    monkeypatch.setattr(
        wire.Wire, "read", lambda self, span: read.append(span) or original(self, span)
    )
    load(path)
    assert sum(span.end - span.start for span in read) < 20_000 < path.stat().st_size


def test_a_file_that_shrinks_while_it_is_open(tmp_path):
    path = write(tmp_path / "x", network(trunk(1)))
    refused_if_it_shrinks(path, read_caffemodel, 100)


def no_bias(made):
    del made.layer[2].blobs[1]


def no_blobs(made):
    del made.layer[2].blobs[:]


def one_value_less(made):
    del made.layer[2].blobs[0].data[-1]


def huge_shape(made):
    made.layer[2].blobs[1].shape.dim[:] = [1 << 62, 1 << 62]


def huge_shape_of_a_bias(made):
    made.layer[2].blobs[1].shape.dim[:] = [1, 1 << 40]


def negative_shape(made):
    made.layer[2].blobs[0].shape.dim[:] = [-64, -64, 3, 3]


def many_axes(made):
    made.layer[2].blobs[0].shape.dim[:] = [1] * 5000


def both_missing(made):
    made.layer[2].blobs[0].Clear()


def batch_normalization(made):
    made.layer.add(name="bn1", type="BatchNorm")


def no_convolution(made):
    del made.layer[::2]


def other_order(made):
    made.layer[2].name, made.layer[4].name = made.layer[4].name, made.layer[2].name


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (no_bias, "conv1_2/bias is missing"),
        (no_blobs, "conv1_2 has 0 blobs, expected its kernel and its bias"),
        (one_value_less, "conv1_2 has 147452 bytes of values, expected 147456 for the shape"),
        (huge_shape, "conv1_2/bias .* has shape .*4611686018427387904.* expected"),
        (huge_shape_of_a_bias, r"conv1_2/bias .* has shape \(1, 1099511627776\), expected"),
        (negative_shape, r"conv1_2.* shape \(3, 3, -64, -64\)"),
        (many_axes, "an array of 5000 axes, expected at most 8"),
        (both_missing, "conv2_1 stands where .* conv1_2"),
        (batch_normalization, r"it has batch normalization \(bn1\)"),
        (no_convolution, "holds no convolution"),
        (other_order, "conv2_1 stands where .* conv1_2"),
    ],
)
def test_a_file_that_is_no_vgg_says_why(tmp_path, damage, match):
    made = network(trunk())
    damage(made)
    refused(write(tmp_path / "x.caffemodel", made), match)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\x12\x82\x80", "does not end"),
        (b"\x12\x03\x22", "ends 2 too late"),
        (b"\x12" + b"\xff" * 9 + b"\x01", "too late"),
        (b"\x12\x02\x0b\x0c", "unknown type 3"),
        (b"\x12\x00\x0b", "unknown type 3"),
        (b"\xa2\x06\x05\x0a\x80\x80\x80\x80", "does not end"),
        (b"\x12\x00" * 300_000, "more than 200000 fields"),
        (b"\x12\x80\x80\x80\x01" + b"\x32\x00" * (1 << 20), "more than 200000 fields"),
        (b"\xa2\x06\xd3\x0f\x0a\xd0\x0f" + b"x" * 2000, "a name of 2000 bytes"),
        (b"\x12" * 5000, "damaged|fields|convolution"),
    ],
)
def test_hostile_messages_end(tmp_path, content, match):
    (tmp_path / "x.caffemodel").write_bytes(content)
    refused(tmp_path / "x.caffemodel", match)


@pytest.mark.parametrize("keep", [30, 100, 3000, -1])
def test_a_truncated_file(tmp_path, keep):
    refused_if_cut(write(tmp_path / "x.caffemodel", network(trunk(1))), [keep])


def test_damaged_files_are_read_or_refused(tmp_path):
    path = write(tmp_path / "x", network(trunk(1)))
    # Names and lengths are at the beginning and at the end.
    assert refusals(path, (30, 120, 2), (-60, 0, 2), (30, path.stat().st_size, 2)) > 20
