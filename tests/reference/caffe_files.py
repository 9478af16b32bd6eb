"""Trained networks of Caffe, made with the `protobuf` library from the messages of caffe.proto."""

import functools

import numpy as np
import pytest
from reference.keras_files import layers

MESSAGES = {
    "BlobShape": [(1, "dim", "INT64", "packed")],
    "BlobProto": [
        (1, "num", "INT32"),
        (2, "channels", "INT32"),
        (3, "height", "INT32"),
        (4, "width", "INT32"),
        (5, "data", "FLOAT", "packed"),
        (6, "diff", "FLOAT", "packed"),
        (7, "shape", "BlobShape"),
        (8, "double_data", "DOUBLE", "packed"),
    ],
    "V1LayerParameter": [
        (2, "bottom", "STRING", "repeated"),
        (3, "top", "STRING", "repeated"),
        (4, "name", "STRING"),
        (5, "type", "INT32"),
        (6, "blobs", "BlobProto", "repeated"),
    ],
    "LayerParameter": [
        (1, "name", "STRING"),
        (2, "type", "STRING"),
        (3, "bottom", "STRING", "repeated"),
        (4, "top", "STRING", "repeated"),
        (7, "blobs", "BlobProto", "repeated"),
    ],
    "NetParameter": [
        (1, "name", "STRING"),
        (2, "layers", "V1LayerParameter", "repeated"),
        (100, "layer", "LayerParameter", "repeated"),
    ],
}
CONVOLUTION, RELU, INNER_PRODUCT = 4, 18, 14  # V1LayerParameter.LayerType


@functools.cache
def network_class():
    """Return the class of NetParameter."""
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    from google.protobuf import descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for number, name, kind, *options in fields:
            field = described.field.add(name=name, number=number, label=3 if options else 1)
            if kind in MESSAGES:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".caffe.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind}")
            field.options.packed = "packed" in options
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))


def add_blob(layer, values, *, has_shape, field="data"):
    blob = layer.blobs.add()
    if has_shape:
        blob.shape.dim.extend(values.shape)
    else:
        shape = (1,) * (4 - values.ndim) + values.shape
        blob.num, blob.channels, blob.height, blob.width = shape
    getattr(blob, field).extend(values.ravel().tolist())


def network(tensors, *, v1=False, has_shape=True, name="VGG_ILSVRC_16_layers", **options):
    """Return the NetParameter of tensors, with layers that have no part in it."""
    made = network_class()()
    if name:
        made.name = name
    add = made.layers.add if v1 else made.layer.add
    for stage, index, kernel, bias in layers(tensors):
        name = f"conv{stage}_{index}"
        layer = add(name=name, type=CONVOLUTION if v1 else "Convolution", bottom=["x"], top=[name])
        add_blob(layer, kernel.transpose(3, 2, 0, 1), has_shape=has_shape, **options)
        add_blob(layer, bias, has_shape=has_shape, **options)
        add(name=f"relu{stage}_{index}", type=RELU if v1 else "ReLU", bottom=[name], top=[name])
    dense = add(name="fc6", type=INNER_PRODUCT if v1 else "InnerProduct", bottom=["x"])
    add_blob(dense, np.zeros((8, 4), np.float32), has_shape=has_shape)
    return made
