"""Reader of ONNX files of VGG16 and VGG19, as in the ONNX model zoo and from PyTorch's exporter.

The numbers of the fields are those of onnx.proto. The graph says in which order the convolutions
are computed, and names say only which tensor is meant; graphs inside of nodes are not followed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import Checkpoint, Convolution, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.naming import batch_normalization
from weights_tools.readers.wire import Message, Wire

_FORMAT = "ONNX"
_GRAPH = 7  # in ModelProto
_NODES, _INITIALIZERS = 1, 5  # in GraphProto
_INPUTS, _OUTPUTS, _NODE_NAME, _KIND, _ATTRIBUTES = 1, 2, 3, 4, 5  # in NodeProto
_ATTRIBUTE_NAME, _INTEGER, _TEXT, _TENSOR, _INTEGERS = 1, 3, 4, 5, 8  # in AttributeProto
# In TensorProto.
_DIMS, _DATA_TYPE, _TENSOR_NAME, _RAW_DATA, _EXTERNAL_DATA, _DATA_LOCATION = 1, 2, 8, 9, 13, 14
_DATA_TYPES = {
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    1: "float32",
    10: "float16",
    11: "float64",
    16: "bfloat16",
}
# Where values are that are not in raw_data; those of half precision would be integers, which no
# exporter writes.
_TYPED_DATA = {"float32": 4, "float64": 10}
# What a node says where it leaves an attribute out, and what a VGG's convolution has.
_DEFAULTS = {"group": [1], "pads": [0] * 4, "strides": [1, 1], "dilations": [1, 1]}
_EXPECTED = {"group": [1], "pads": [1] * 4, "strides": [1, 1], "dilations": [1, 1]}


@contextlib.contextmanager
def read_onnx_file(path: Path) -> Iterator[Checkpoint]:
    """Open an ONNX file; its values are read from the file when they are asked for.

    Raises:
        WeightsError: damaged, values in another file, or convolutions that are no VGG's.
    """
    with contextlib.ExitStack() as stack:
        with reported(path, _FORMAT):
            file = stack.enter_context(path.open("rb"))
            checkpoint = Checkpoint(tuple(_convolutions(path, Wire(file).message())))
        yield checkpoint


def _convolutions(path: Path, model: Message) -> Iterator[Convolution]:
    """Yield the convolutions in the order of the nodes, which is that of computing."""
    graph = model.message(_GRAPH)
    if graph is None:
        raise WeightsError("it holds no graph: use an ONNX model of VGG16 or VGG19")
    nodes = list(graph.messages(_NODES))
    tensors = _tensors(graph, nodes)
    added = _added(nodes, tensors)
    for node in nodes:
        kind = node.text(_KIND)
        if kind == "BatchNormalization":
            raise batch_normalization(_name(node))
        if kind == "Conv":
            convolution = _convolution(path, node, tensors, added)
            if len(convolution.kernel.shape) == 4:
                yield convolution


def _tensors(graph: Message, nodes: list[Message]) -> dict[str, Message]:
    """Return every constant tensor by each of its names."""
    found = {each.text(_TENSOR_NAME): each for each in graph.messages(_INITIALIZERS)}
    for node in nodes:  # what a node takes is always before it
        kind, inputs, outputs = node.text(_KIND), node.texts(_INPUTS), node.texts(_OUTPUTS)
        if kind == "Constant" and outputs:
            value = _attributes(node).get("value")
            if value is not None and (tensor := value.message(_TENSOR)) is not None:
                found[outputs[0]] = tensor
        elif kind == "Identity" and inputs and outputs and inputs[0] in found:
            found[outputs[0]] = found[inputs[0]]
    return found


def _added(nodes: list[Message], tensors: dict[str, Message]) -> dict[str, str]:
    """Return the name of the tensor that is added to a value, by the value's name.

    TensorFlow's exporter writes biases so, as it has them.
    """
    pairs = [each.texts(_INPUTS) for each in nodes if each.text(_KIND) == "Add"]
    pairs += [pair[::-1] for pair in pairs]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1] in tensors}


def _convolution(
    path: Path, node: Message, tensors: dict[str, Message], added: dict[str, str]
) -> Convolution:
    inputs = node.texts(_INPUTS)
    for name in inputs[1:]:
        if name and name not in tensors:
            raise WeightsError(
                f"the weights {printable(name)} of {_name(node)} are computed or missing, expected an "
                "initializer: use a model that is neither quantized nor stripped"
            )
    if len(inputs) < 2 or not inputs[1]:
        raise WeightsError(f"{_name(node)} has no weights: use a whole model")
    kernel = _values(path, inputs[1], tensors[inputs[1]])
    if kernel.shape[2:] == (3, 3):
        _check_attributes(node)
    if len(inputs) > 2 and inputs[2]:
        bias = inputs[2]
    else:
        bias = next((added[each] for each in node.texts(_OUTPUTS) if each in added), None)
    return Convolution(kernel, _values(path, bias, tensors[bias]) if bias else None)


def _check_attributes(node: Message) -> None:
    """Refuse a convolution that computes something else than a VGG's with the same kernel."""
    attributes = _attributes(node)
    padding = attributes.get("auto_pad")
    # At stride 1 both are what `pads` of 1 are.
    is_same = padding is not None and padding.text(_TEXT) in ("SAME_UPPER", "SAME_LOWER")
    for name, expected in _EXPECTED.items():
        if name == "pads" and is_same:
            continue
        found = _DEFAULTS[name]
        if name in attributes:
            field = _INTEGER if name == "group" else _INTEGERS
            found = attributes[name].integers(field)
        if found != expected:
            raise WeightsError(
                f"{_name(node)} has {name} {str(found)[:80]}, expected {expected}: "
                "use a file of VGG16 or VGG19"
            )


def _attributes(node: Message) -> dict[str, Message]:
    return {each.text(_ATTRIBUTE_NAME): each for each in node.messages(_ATTRIBUTES)}


def _name(node: Message) -> str:
    """Return the name of a node, which it need not have, or of what it computes."""
    return printable(node.text(_NODE_NAME) or ", ".join(node.texts(_OUTPUTS)[:1]))


def _values(path: Path, name: str, tensor: Message) -> Values:
    name = printable(name)
    shape = tensor.shape(_DIMS)
    kind = tensor.integer(_DATA_TYPE)
    dtype = _DATA_TYPES.get(kind, f"of ONNX's data type {kind}")

    def read() -> np.ndarray:
        with reported(path, _FORMAT):
            return _read(name, tensor, shape, dtype)

    return Values(name, shape, dtype, read)


def _read(name: str, tensor: Message, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    # Other files are the user's and not the author's to name.
    if tensor.integer(_DATA_LOCATION) or tensor.has(_EXTERNAL_DATA):
        raise WeightsError(
            f"the values of {name} are in another file: write one file, with "
            "torch.onnx.export(..., external_data=False) or onnx.save(onnx.load(...), ...)"
        )
    field = _RAW_DATA if tensor.has(_RAW_DATA) else _TYPED_DATA.get(dtype, _RAW_DATA)
    if dtype == "bfloat16":  # the upper halves of float32
        halves = tensor.array(field, "uint16", shape, name)
        return (halves.astype(np.uint32) << 16).view(np.float32)
    return tensor.array(field, dtype, shape, name)
