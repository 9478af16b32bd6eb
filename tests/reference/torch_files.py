"""Weights files of PyTorch: as it writes them, and by hand around any pickle."""

import collections
import pickle
import struct
import zipfile

import numpy as np
import pytest
import torch
from reference.keras_files import OUTPUTS

FORMATS = [pytest.param(True, id="zip"), pytest.param(False, id="legacy")]
# What a file from before PyTorch 1.6 begins with.
_BEGINNING = b"".join(pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, {}))


def positions(architecture):
    """Where torchvision has the convolutions: a ReLU after each, a pooling after each stage."""
    position = 0
    for outputs in OUTPUTS[architecture]:
        for _ in outputs:
            yield position
            position += 2
        position += 1


def state_dict(tensors, architecture="vgg16", name="features.{position}"):
    """Return tensors of ours under PyTorch's names, in its order of axes."""
    found = collections.OrderedDict()
    layers = [key.removesuffix("/kernel") for key in tensors if key.endswith("/kernel")]
    for layer, position in zip(layers, positions(architecture), strict=False):
        key = name.format(position=position, layer=layer)
        kernel = np.ascontiguousarray(tensors[f"{layer}/kernel"].transpose(3, 2, 0, 1))
        found[f"{key}.weight"] = torch.from_numpy(kernel)
        found[f"{key}.bias"] = torch.from_numpy(tensors[f"{layer}/bias"].copy())
    return found


def save(content, path, *, as_zip=True):
    """Save as PyTorch does now, or as it did before 1.6."""
    torch.save(content, path, _use_new_zipfile_serialization=as_zip)
    return path


def write_archive(path, program, *, storages=None, compression=zipfile.ZIP_STORED):
    """Write a zip file as PyTorch does, around any pickle."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x/data.pkl", program)
        archive.writestr("x/byteorder", "little")
        for name, content in (storages or {}).items():
            archive.writestr(f"x/data/{name}", content)
        archive.writestr("x/version", "3\n")
    return path


def tensor(shape, stride, *, offset=0, count=4, kind="FloatStorage"):
    """Return the pickle operations that make a tensor."""
    storage = b"(X\x07\0\0\0storagectorch\n%b\nX\x01\0\0\x000X\x03\0\0\0cpu" % kind.encode()
    numbers = [b"(%bt" % b"".join(integer(each) for each in pair) for pair in (shape, stride)]
    rest = integer(offset) + b"".join(numbers) + b"\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + integer(count) + b"tQ" + rest + b"tR"


def integer(value):
    data = pickle.encode_long(value)
    return b"\x8a" + bytes([len(data)]) + data


def entry(operations):
    """Return the pickle of a dictionary with one entry."""
    return b"\x80\x02}X\x01\0\0\0a" + operations + b"s."


def write_legacy(path, program, *, keys=("0",)):
    """Write a file as PyTorch did before 1.6, around a pickle and one storage of four numbers."""
    program = program.replace(b"tQ", b"NtQ")  # there, a reference to a storage has one part more
    storages = pickle.dumps(list(keys), 2) + struct.pack("<q", 4) + bytes(16)
    path.write_bytes(_BEGINNING + program + storages)
    return path
