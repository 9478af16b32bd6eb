"""The ONNX reader: files of `onnx` and of torch, and onnxruntime's activations of one."""

import sys

import numpy as np
import pytest
from reference.expect import (
    assert_equal,
    refusals,
    refused,
    refused_if_cut,
    refused_if_it_shrinks,
)
from reference.inputs import picture, random_network, relative_error
from reference.keras_files import layers, trunk
from reference.messages import field, write
from reference.onnx_files import TensorProto, helper, network, onnx

import weights_tools
from weights_tools import load
from weights_tools.readers import detect_format
from weights_tools.readers.onnx_file import read_onnx_file


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_either_place_of_values(tmp_path, raw, kind):
    found = load(write(tmp_path / "x", network(trunk(), raw=raw, kind=kind)))
    assert found.last_layer == "conv2_2"
    assert_equal(found.tensors, trunk())


def test_half_precision_is_widened(tmp_path):
    found = load(write(tmp_path / "half", network(trunk(), kind=TensorProto.FLOAT16)))
    expected = {name: values.astype(np.float16) for name, values in trunk().items()}
    assert_equal(found.tensors, {name: each.astype("f4") for name, each in expected.items()})
    found = load(write(tmp_path / "upper", network(trunk(), kind=TensorProto.BFLOAT16)))
    expected = {name: values.view("u4") & 0xFFFF0000 for name, values in trunk().items()}
    assert_equal(found.tensors, {name: each.view("f4") for name, each in expected.items()})


def shuffle(graph):
    initializers = list(graph.initializer)
    np.random.default_rng(0).shuffle(initializers)
    del graph.initializer[:]
    graph.initializer.extend(initializers)


def through_identity(graph):
    node = helper.make_node("Identity", [graph.node[2].input[1]], ["same"])
    graph.node[2].input[1] = "same_again"
    graph.node.insert(0, helper.make_node("Identity", ["same"], ["same_again"]))
    graph.node.insert(0, node)


def as_constant(graph):
    moved = graph.initializer.pop(3)
    graph.node.insert(0, helper.make_node("Constant", [], [moved.name], value=moved))


def bias_added(graph):
    convolution = graph.node[2]
    bias = convolution.input.pop()
    shape = next(each for each in graph.initializer if each.name == bias)
    shape.dims[:] = [1, shape.dims[0], 1, 1]
    graph.node.insert(3, helper.make_node("Add", [bias, convolution.output[0]], ["sum"]))


def same_padding(graph):
    del next(each for each in graph.node[2].attribute if each.name == "pads").ints[:]
    del graph.node[2].attribute[:]
    graph.node[2].attribute.append(helper.make_attribute("auto_pad", "SAME_UPPER"))


@pytest.mark.parametrize(
    "change", [shuffle, through_identity, as_constant, bias_added, same_padding]
)
def test_the_same_network_written_otherwise(tmp_path, change):
    made = network(trunk())
    change(made.graph)
    assert_equal(load(write(tmp_path / "x", made)).tensors, trunk())


@pytest.mark.filterwarnings("ignore")  # torch's own
@pytest.mark.parametrize("dynamo", [False, True])
def test_files_of_torch(tmp_path, dynamo):
    torch = pytest.importorskip("torch")
    if dynamo:
        pytest.importorskip("onnxscript")
    modules = []
    for _, _, kernel, bias in layers(trunk()):
        layer = torch.nn.Conv2d(*kernel.shape[2:], 3, padding=1)
        layer.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
        layer.bias.data = torch.tensor(bias)
        modules += [layer, torch.nn.ReLU()]
    image, path = torch.zeros(1, 3, 8, 8), tmp_path / "x.onnx"
    network, options = torch.nn.Sequential(*modules).eval(), {"dynamo": dynamo}
    if dynamo:
        options["external_data"] = False
    torch.onnx.export(network, (image,), path, **options)
    assert detect_format(path).name == "ONNX"
    assert_equal(load(path).tensors, trunk())


def set_attribute(name, value):
    def change(graph):
        attributes = graph.node[2].attribute
        attributes.remove(next(each for each in attributes if each.name == name))
        if value is not None:
            attributes.append(helper.make_attribute(name, value))

    return change


def normalize_batches(graph):
    graph.node.insert(1, helper.make_node("BatchNormalization", ["conv1_1"], ["y"], name="bn"))


def no_bias(graph):
    graph.node[2].input.pop()


def no_weights(graph):
    del graph.node[2].input[1:]


def computed_weights(graph):
    graph.node.insert(2, helper.make_node("DequantizeLinear", ["conv1_2/W", "s"], ["computed"]))
    graph.node[3].input[1] = "computed"


def circle(graph):
    graph.node[2].input[1] = "a"
    graph.node.append(helper.make_node("Identity", ["a"], ["b"]))
    graph.node.append(helper.make_node("Identity", ["b"], ["a"]))


def outside(graph):
    graph.initializer[2].ClearField("raw_data")
    graph.initializer[2].data_location = TensorProto.EXTERNAL
    graph.initializer[2].external_data.add(key="location", value="/etc/passwd")


def quantized(graph):
    graph.initializer[2].data_type = TensorProto.INT8


def unknown_type(graph):
    graph.initializer[2].data_type = 77


def one_value_less(graph):
    graph.initializer[2].raw_data = graph.initializer[2].raw_data[:-4]


def huge_shape(graph):
    graph.initializer[3].dims[:] = [1 << 62, 1 << 62]


def negative_shape(graph):
    graph.initializer[2].dims[:] = [64, 64, -3, -3]


def many_axes(graph):
    graph.initializer[2].dims[:] = [1] * 5000


def long_name(graph):
    graph.node[2].op_type = "x" * 5000


def not_in_the_graph(graph):
    del graph.node[:]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (set_attribute("group", 2), r"n1_2 has group \[2\], expected \[1\]"),
        (set_attribute("strides", [2, 2]), r"n1_2 has strides \[2, 2\], expected"),
        (set_attribute("dilations", [2, 2]), r"n1_2 has dilations \[2, 2\], expected"),
        (set_attribute("pads", [0] * 4), r"n1_2 has pads \[0, 0, 0, 0\], expected"),
        (set_attribute("pads", None), r"n1_2 has pads \[0, 0, 0, 0\], expected"),
        (set_attribute("pads", [1] * 60_000), r"n1_2 has pads \[1, 1, 1.*, expected"),
        (normalize_batches, r"batch normalization \(bn\)"),
        (no_bias, "conv1_2/bias is missing beside conv1_2/W"),
        (no_weights, "n1_2 has no weights"),
        (computed_weights, "the weights computed of n1_2 are computed or missing"),
        (circle, "the weights a of n1_2 are computed or missing"),
        (outside, "values of conv1_2/W are in another file: .* external_data=False"),
        (quantized, "conv1_2/W.* is int8, expected floating-point"),
        (unknown_type, "conv1_2/W.* is of ONNX's data type 77, expected floating-point"),
        (one_value_less, "conv1_2/W has 147452 bytes of values, expected 147456"),
        (huge_shape, r"conv1_2/b.* has shape \(4611686018427387904, 4611686018427387904\)"),
        (negative_shape, r"conv2_1/W stands where .* conv1_2|\(-3, -3, 64, 64\)"),
        (many_axes, "an array of 5000 axes"),
        (long_name, "a name of 5000 bytes"),
        (not_in_the_graph, "holds no convolution"),
    ],
)
def test_a_file_that_is_no_vgg_says_why(tmp_path, change, match):
    made = network(trunk())
    change(made.graph)
    refused(write(tmp_path / "x.onnx", made), match)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\x08\x07\x12\x04test", "holds no graph"),
        (b"\x08\x07\x12\x04test\x38\x01", "holds no graph"),  # a number in the graph's place
        (b"\x08\x07\x12\x00\x3a\x7f", "ends 127 too late"),
        (b"\x08\x07\x12\x00\x3b", "unknown type 3"),
        (b"\x08\x07\x3a\x80\x80\x80\x01" + b"\x0a\x00" * (1 << 20), "more than 200000 fields"),
        (b"\x08\x07\x3a\x80\x80\x80\x01" + b"\x2a\x00" * (1 << 20), "more than 200000 fields"),
    ],
)
def test_hostile_messages_end(tmp_path, content, match):
    (tmp_path / "x.onnx").write_bytes(content)
    refused(tmp_path / "x.onnx", match)


def test_deep_graphs_are_not_followed(tmp_path):
    branch = b""
    for _ in range(3000):  # a node's attribute that is a graph, as If and Loop have
        branch = field(1, field(5, field(6, branch)))
    graph = branch + network(trunk(1)).graph.SerializeToString()
    (tmp_path / "x").write_bytes(b"\x08\x08\x12\x01x" + field(7, graph))
    with pytest.raises(Exception, match="parsing"):  # more than its library takes
        onnx.load(tmp_path / "x")
    assert_equal(load(tmp_path / "x").tensors, trunk(1))


def test_no_library_is_needed(tmp_path, monkeypatch):
    path = write(tmp_path / "x", network(trunk(1)))
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    assert_equal(load(path).tensors, trunk(1))


def test_more_lengths_than_an_array_can_have(tmp_path):
    lengths = field(1, b"\x01" * (1 << 20))
    node = helper.make_node("Conv", ["image", "w"], ["y"]).SerializeToString()
    graph = field(1, node) + field(5, lengths + field(8, b"w"))
    (tmp_path / "x").write_bytes(b"\x08\x08\x12\x01x" + field(7, graph))
    refused(tmp_path / "x", "more than 200000 fields")


@pytest.mark.parametrize("keep", [6, 30, 100, 3000, -1])
def test_a_truncated_file(tmp_path, keep):
    refused_if_cut(write(tmp_path / "x.onnx", network(trunk(1))), [keep], "damaged|no graph")


def test_damaged_files_are_read_or_refused(tmp_path):
    path = write(tmp_path / "x.onnx", network(trunk(1)))
    # The structure is at the beginning and at the end.
    assert refusals(path, (4, 250, 2), (-80, 0, 2), (4, path.stat().st_size, 2)) > 50


def test_a_file_that_shrinks_while_it_is_open(tmp_path):
    path = write(tmp_path / "x.onnx", network(trunk(1)))
    refused_if_it_shrinks(path, read_onnx_file, 200)


def test_activations_are_those_of_onnxruntime(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="compares with onnxruntime itself")
    from nstjax import vgg

    made = network(random_network("vgg19"))
    names = [each.output[0] for each in made.graph.node if each.op_type == "Conv"]
    assert len(names) == 16
    del made.graph.output[:]
    made.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names
    )
    path = write(tmp_path / "vgg19.onnx", made)
    weights = load(path, preprocessing=weights_tools.PREPROCESSINGS["caffe"])
    weights_tools.write(tmp_path / "vgg19.safetensors", weights)
    converted = vgg.load_weights(tmp_path / "vgg19.safetensors")
    ours = vgg.VGG(converted, tuple(names), pooling="max")
    pixels = picture(32, 32)
    found = ours(pixels[np.newaxis])
    x = 255 * pixels[..., ::-1] - np.array(weights.preprocessing.mean, np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = session.run(names, {"image": x.transpose(2, 0, 1)[np.newaxis]})
    for name, values in zip(names, expected, strict=True):
        assert relative_error(found[name][0], values[0].transpose(1, 2, 0)) < 1e-5, name
