"""Files of MATLAB's version 5: as SciPy writes them, and by hand, in either order of bytes."""

import struct

import numpy as np
import pytest
from reference.keras_files import layers


def tag(order, kind, content):
    padding = b"" if kind == 15 else b"\0" * (-len(content) % 8)
    return struct.pack(f"{order}II", kind, len(content)) + content + padding


def array(order, kind, shape, content, name=b""):
    flags = tag(order, 6, struct.pack(f"{order}II", kind, 0))
    lengths = tag(order, 5, struct.pack(f"{order}{len(shape)}i", *shape))
    return tag(order, 14, flags + lengths + tag(order, 1, name) + content)


def numbers(order, values, stored):
    kinds = {"f4": 7, "i1": 1}
    content = values.astype(f"{order}{stored}").tobytes("F")
    shape = values.shape if values.ndim > 1 else (1, *values.shape)
    return array(order, 7, shape, tag(order, kinds[stored], content))


def text(order, value):
    small = struct.pack(f"{order}I", len(value) << 16 | 1) + value.ljust(4, b"\0")
    content = small if len(value) <= 4 else tag(order, 16, value)
    return array(order, 4, (1, len(value)), content)


def file_of(order, *variables):
    mark = b"IM" if order == "<" else b"MI"
    header = b"MATLAB 5.0 MAT-file, by hand".ljust(124) + struct.pack(f"{order}H", 0x100) + mark
    return header + b"".join(variables)


def file_by_hand(order, kernel, bias, stored):
    weights = array(order, 1, (1, 2), numbers(order, kernel, stored) + numbers(order, bias, stored))
    names = b"".join(name.ljust(32, b"\0") for name in (b"name", b"type", b"weights"))
    length = struct.pack(f"{order}II", 4 << 16 | 5, 32)
    fields = text(order, b"conv1_1") + text(order, b"conv") + weights
    layer = array(order, 2, (1, 1), length + tag(order, 1, names) + fields)
    return file_of(order, array(order, 1, (1, 1), layer, name=b"layers"))


def cell(items):
    made = np.empty((1, len(items)), object)
    made[0, :] = items
    return made


def convolution(name, kernel, bias, *, old=False):
    if old:
        return {"name": name, "type": "conv", "filters": kernel, "biases": bias[np.newaxis]}
    arrays = np.empty((1, 2), object)
    arrays[0, 0], arrays[0, 1] = kernel, bias[:, np.newaxis]
    return {"name": name, "type": "conv", "pad": np.ones((1, 4)), "weights": arrays}


def network(tensors, *, old=False):
    """Return the variable `layers`, with layers that have no part in it."""
    made = []
    for stage, index, kernel, bias in layers(tensors):
        made.append(convolution(f"conv{stage}_{index}", kernel, bias, old=old))
        made.append({"name": f"relu{stage}_{index}", "type": "relu"})
    dense = np.zeros((7, 7, 8, 4), np.float32)
    made.append(convolution("fc6", dense, np.zeros(4, np.float32), old=old))
    made.append(convolution("fc7", dense[:1, :1, :4], np.zeros(4, np.float32), old=old))
    return cell(made)


def write(path, variables, *, compressed=False):
    io = pytest.importorskip("scipy.io")
    io.savemat(path, variables, do_compression=compressed)
    return path
