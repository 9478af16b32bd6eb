"""Weights files of NumPy: the names and forms in which networks are published, and old pickles."""

import io
import os

import numpy as np
from reference.keras_files import layers


def by_layer(tensors, kernel="conv{}_{}_W", bias="conv{}_{}_b", axes=(0, 1, 2, 3)):
    """Return tensors of ours under other names and in another order of axes."""
    found = {}
    for stage, index, weights, biases in layers(tensors):
        found[kernel.format(stage, index)] = np.ascontiguousarray(weights.transpose(axes))
        found[bias.format(stage, index)] = biases
    return found


def pairs(tensors):
    return {f"conv{stage}_{index}": [w, b] for stage, index, w, b in layers(tensors)}


def write_npy(path, program):
    buffer = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": ()}
    np.lib.format.write_array_header_1_0(buffer, header)
    path.write_bytes(buffer.getvalue() + program)
    return path


def text(value):
    """Return what Python 2 pickles of a `str`, which holds text or bytes."""
    value = value.encode("latin-1") if isinstance(value, str) else value
    if len(value) < 256:
        return b"U" + bytes([len(value)]) + value
    return b"T" + len(value).to_bytes(4, "little") + value


def array_2(shape, code, data):
    """Return what Python 2 pickles of an array: the opcodes of vgg19.npy."""
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text("b") + b"\x87R"
    dtype = b"cnumpy\ndtype\n" + text(code) + b"K\0K\1\x87R(K\3" + text("<") + b"NNN"
    dtype += b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK" + (b"?" if code == "O8" else b"\0") + b"tb"
    lengths = b"".join(b"J" + length.to_bytes(4, "little") for length in shape)
    return made + b"(K\1(" + lengths + b"t" + dtype + b"\x89" + data + b"tb"


def dictionary_2(items):
    """Return a pickle of Python 2, of a dictionary {name: [operations, operations]}."""
    content = b"".join(
        text(name) + b"]" + b"(" + b"".join(two) + b"e" for name, two in items.items()
    )
    return b"\x80\2" + array_2((), "O8", b"]}(" + content + b"ua") + b"."


def doubled(times):
    """Return operations for a tuple that contains itself twice, and so on."""
    return b")" + b"".join(b"q%ch%c\x86" % (each, each) for each in range(times))


class Bomb:
    """Runs a command of the shell where it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)
