"""Reader of NumPy's files: `.npz`, and `.npy` with a pickled dictionary, for VGG16 and VGG19.

arr_0, arr_1, arr_2, ...        kernel and bias in turn, as numpy.savez names what has no name
conv1_1_W, conv1_1_b, fc6_W     the classic vgg16_weights.npz
{"conv1_1": [weights, biases]}  the classic vgg16.npy and vgg19.npy
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import MAX_BYTES, Checkpoint, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.naming import in_order, paired
from weights_tools.readers.numpy_pickle import read_array_pickle

# A header is a line of some 120 bytes. Longer ones only keep the parser of its literal busy.
MAX_HEADER = 1024
# VGG19 has 38 arrays with its dense layers.
MAX_MEMBERS = 1000
_KIND = "NumPy"
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that NumPy writes


@contextlib.contextmanager
def read_numpy_file(path: Path) -> Iterator[Checkpoint]:
    """Open a `.npz` or `.npy` file of NumPy. Nothing in it is unpickled.

    The size that an array claims is compared with what is there before any memory is taken.
    """
    with contextlib.ExitStack() as stack:
        with reported(path, _KIND):
            file = stack.enter_context(path.open("rb"))
            if file.read(2) == b"PK":
                archive = stack.enter_context(zipfile.ZipFile(file))
                arrays = [_member_values(archive, each) for each in _members(archive)]
            else:
                arrays = _pickled_values(file)
            checkpoint = Checkpoint(in_order(paired(_reporting(path, arrays))))
        yield checkpoint


def _reporting(path: Path, arrays: Iterable[Values]) -> Iterator[Values]:
    """Let what goes wrong while values are read be told as a `WeightsError`, too."""
    for each in arrays:
        yield Values(
            each.name, each.shape, each.dtype, functools.partial(_read_reporting, path, each)
        )


def _read_reporting(path: Path, values: Values) -> np.ndarray:
    with reported(path, _KIND):
        return values.read()


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the arrays of an archive, if it can be unpacked safely."""
    members = archive.infolist()
    size = sum(each.file_size for each in members)
    if len(members) > MAX_MEMBERS or size > MAX_BYTES:
        raise WeightsError(
            f"it would unpack to {len(members)} arrays of {size} bytes, more than {MAX_MEMBERS} or "
            f"{MAX_BYTES}: give a file of VGG16 or VGG19"
        )
    for each in members:
        if each.compress_type not in _COMPRESSIONS:
            raise WeightsError(
                f"{printable(each.filename)} is compressed by method {each.compress_type}, "
                "expected none or deflate: save it with numpy.savez"
            )
    return members


def _member_values(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Values:
    name = printable(member.filename.removesuffix(".npy"))
    with archive.open(member) as file:
        shape, fortran, dtype, start = _header(file)
    if dtype.hasobject:
        raise WeightsError(f"{name} holds pickled objects, which could run code: save numbers only")
    if math.prod(shape) * dtype.itemsize != member.file_size - start:
        raise WeightsError(
            f"{name} has shape {shape} and type {dtype.name}, but {member.file_size - start} bytes: "
            "the file is damaged, download or copy it again"
        )

    read = functools.partial(_read_member, archive, member, shape, fortran, dtype, start)
    return Values(name, shape, dtype.name, read)


def _read_member(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    shape: tuple[int, ...],
    fortran: bool,
    dtype: np.dtype,
    start: int,
) -> np.ndarray:
    with archive.open(member) as file:
        file.read(start)
        values = np.frombuffer(file.read(), dtype)
    order = "F" if fortran else "C"
    return values.reshape(shape, order=order).astype(dtype.newbyteorder("="))


def _pickled_values(file: IO[bytes]) -> list[Values]:
    file.seek(0)
    shape, _, dtype, start = _header(file)
    if not dtype.hasobject or shape != ():
        raise WeightsError(
            f"it holds one array of shape {shape} and type {printable(str(dtype))}, expected a "
            "dict of arrays: save all arrays of the network in one file with numpy.savez"
        )
    file.seek(start)
    return read_array_pickle(file)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Return the shape, whether it is in Fortran's order, the type, and where the values begin."""
    # From memory, for the header says itself how long it is.
    header = io.BytesIO(file.read(MAX_HEADER))
    version = np.lib.format.read_magic(header)
    parse = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that Python 2 wrote it
        shape, fortran, dtype = parse(header, max_header_size=MAX_HEADER)
    if any(length < 0 for length in shape):
        raise ValueError(f"its header has the shape {shape}")
    return shape, fortran, dtype, header.tell()
