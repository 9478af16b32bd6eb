"""ONNX files of VGGs, made with the `onnx` library."""

import pytest
from reference.keras_files import layers

onnx = pytest.importorskip("onnx")
helper, TensorProto = onnx.helper, onnx.TensorProto
VGG = {"kernel_shape": [3, 3], "pads": [1] * 4, "strides": [1, 1], "dilations": [1, 1], "group": 1}


def tensor(name, values, *, raw=True, kind=TensorProto.FLOAT):
    if raw:
        kinds = {TensorProto.DOUBLE: "<f8", TensorProto.FLOAT16: "<f2", TensorProto.FLOAT: "<f4"}
        if kind == TensorProto.BFLOAT16:
            content = (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        else:
            content = values.astype(kinds[kind]).tobytes()
        return helper.make_tensor(name, kind, values.shape, content, raw=True)
    return helper.make_tensor(name, kind, values.shape, values.ravel())


def network(tensors, **options):
    """Return a model with max pooling; every convolution has an output of its layer's name."""
    nodes, initializers, x, stage_before = [], [], "image", 1
    for stage, index, kernel, bias in layers(tensors):
        name = f"{stage}_{index}"
        if stage > stage_before:
            pooled = f"pool{stage_before}"
            pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
            nodes.append(helper.make_node("MaxPool", [x], [pooled], **pool))
            x, stage_before = pooled, stage
        inputs = [x, f"conv{name}/W", f"conv{name}/b"]
        nodes.append(helper.make_node("Conv", inputs, [f"conv{name}"], name=f"n{name}", **VGG))
        nodes.append(helper.make_node("Relu", [f"conv{name}"], [f"relu{name}"]))
        initializers.append(tensor(inputs[1], kernel.transpose(3, 2, 0, 1), **options))
        initializers.append(tensor(inputs[2], bias, **options))
        x = f"relu{name}"
    return model(nodes, initializers, x)


def model(nodes, initializers, *outputs):
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("image", *outputs)
    ]
    graph = helper.make_graph(nodes, "vgg", values[:1], values[1:], initializers)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="test", ir_version=8
    )
