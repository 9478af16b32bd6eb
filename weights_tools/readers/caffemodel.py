"""Reader of Caffe's `.caffemodel` files, as of VGG_ILSVRC_16_layers and VGG_ILSVRC_19_layers.

The numbers of the fields are those of caffe.proto. The files of 2014 have layers of its first
version, whose type is a number and whose blobs have always four axes; Caffe still reads both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import Checkpoint, Convolution, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.naming import batch_normalization
from weights_tools.readers.wire import Message, Wire

_KIND = "Caffe"
# In NetParameter.
_V1_LAYERS, _LAYERS = 2, 100
# In BlobProto; the first four are the axes of old files.
_NUM, _CHANNELS, _HEIGHT, _WIDTH, _DATA, _SHAPE, _DOUBLE_DATA = 1, 2, 3, 4, 5, 7, 8
_DIM = 1  # in BlobShape
_V1_CONVOLUTION = 4


@dataclass(frozen=True)
class _Layer:
    name: str
    kind: str  # "Convolution", in either version
    message: Message
    blobs_field: int

    def blobs(self) -> list[Message]:
        return list(self.message.messages(self.blobs_field))


@contextlib.contextmanager
def read_caffemodel(path: Path) -> Iterator[Checkpoint]:
    """Open a trained network of Caffe; its values are read from the file when they are asked for.

    Raises:
        WeightsError: damaged, or no convolutions as VGG has them.
    """
    with contextlib.ExitStack() as stack:
        with reported(path, _KIND):
            file = stack.enter_context(path.open("rb"))
            checkpoint = Checkpoint(tuple(_convolutions(path, Wire(file).message())))
        yield checkpoint


def _convolutions(path: Path, network: Message) -> Iterator[Convolution]:
    """Yield the convolutions in the order of the file, which is that of computing in Caffe."""
    for layer in _layers(network):
        if layer.kind == "BatchNorm":
            raise batch_normalization(layer.name)
        if layer.kind != "Convolution":
            continue
        blobs = layer.blobs()
        if not 1 <= len(blobs) <= 2:
            raise WeightsError(
                f"{layer.name} has {len(blobs)} blobs, expected its kernel and its bias: "
                "use the trained network, not its description"
            )
        kernel = _values(path, layer.name, blobs[0])
        bias = _values(path, f"{layer.name}/bias", blobs[1]) if len(blobs) > 1 else None
        if len(kernel.shape) == 4:
            yield Convolution(kernel, bias)


def _layers(network: Message) -> Iterator[_Layer]:
    for each in network.messages(_V1_LAYERS):
        kind = "Convolution" if each.integer(5) == _V1_CONVOLUTION else ""
        yield _Layer(printable(each.text(4)), kind, each, blobs_field=6)
    for each in network.messages(_LAYERS):
        yield _Layer(printable(each.text(1)), each.text(2), each, blobs_field=7)


def _values(path: Path, name: str, blob: Message) -> Values:
    if (shape := blob.message(_SHAPE)) is not None:
        lengths = shape.shape(_DIM)
    else:
        lengths = tuple(blob.integer(axis) for axis in (_NUM, _CHANNELS, _HEIGHT, _WIDTH))
    field, dtype = (_DOUBLE_DATA, "float64") if blob.has(_DOUBLE_DATA) else (_DATA, "float32")

    def read() -> np.ndarray:
        with reported(path, _KIND):
            return blob.array(field, dtype, lengths, name)

    return Values(name, lengths, dtype, read)
