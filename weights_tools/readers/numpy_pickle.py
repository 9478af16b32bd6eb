"""The pickled dictionary in `vgg19.npy`: its arrays, read without unpickling."""

from __future__ import annotations

import functools
import math
import re
from typing import IO, Any

import numpy as np

from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import Values
from weights_tools.readers.nested import leaves
from weights_tools.readers.pickled import Call, Span, read_pickle

_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
_RECONSTRUCT = tuple(f"{module}._reconstruct" for module in _MULTIARRAY)
_NAMES = (
    *_RECONSTRUCT,
    *(f"{module}.scalar" for module in _MULTIARRAY),
    "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",
)
_NUMERIC = re.compile(r"[biuf][1248]|c(?:8|16)")
_TEXT = re.compile(r"[SU]\d*")  # no weights, but a word about them
# What NumPy's own `__reduce__` has made of an array since 2006.
_ARRAY_VERSION = 1


def read_array_pickle(file: IO[bytes]) -> list[Values]:
    """Return the arrays of a pickled dictionary `{"conv1_1": [weights, biases], ...}`.

    The file is positioned at the pickle; the values are read from it later.

    Raises:
        WeightsError: it holds something that is not arrays, or is no such dictionary.
        Exception: of other kinds, if it is damaged.
    """
    outer, _ = read_pickle(file, _NAMES, "save its arrays with numpy.savez")
    content = outer.state[4][0] if _is_array(outer) else outer
    if not isinstance(content, dict):
        raise WeightsError(
            f"its pickle holds a {type(content).__name__}, expected a dict such as "
            "{'conv1_1': [weights, biases], ...}: save its arrays with numpy.savez"
        )
    found = leaves(content, (dict, list, tuple), "/", "save its arrays with numpy.savez")
    arrays = [(name, each, _type_code(each.state[2])) for name, each in found if _is_array(each)]
    return [
        _values(file, name, array, code)
        for name, array, code in arrays
        if not _TEXT.fullmatch(code[1:])
    ]


def _is_array(value: Any) -> bool:
    return (
        isinstance(value, Call) and str(value.function) in _RECONSTRUCT and value.state is not None
    )


def _values(file: IO[bytes], name: str, array: Call, code: str) -> Values:
    """Return what a pickled array says of itself: its version, shape, type, order and data."""
    version, shape, _, fortran, data = array.state
    lengths = isinstance(shape, tuple) and all(type(each) is int and each >= 0 for each in shape)
    if version != _ARRAY_VERSION or not lengths:
        raise ValueError(f"{name} is no array as NumPy pickles them")
    if not _NUMERIC.fullmatch(code[1:]):
        raise WeightsError(
            f"{name} is an array of {printable(code[1:])}, expected floating-point numbers: "
            "save its arrays with numpy.savez"
        )
    dtype = np.dtype(code)
    order = "F" if fortran else "C"
    return Values(
        name, shape, dtype.name, functools.partial(_read, file, name, shape, dtype, order, data)
    )


def _type_code(pickled_type: Any) -> str:
    """Return the byte order and code of a type, such as "<f4"."""
    order = pickled_type.state[1] if pickled_type.state else "|"
    return f"{order if order in ('<', '>') else '|'}{pickled_type.arguments[0]}"


def _read(
    file: IO[bytes], name: str, shape: tuple[int, ...], dtype: np.dtype, order: Any, data: Any
) -> np.ndarray:
    content = _bytes(file, data)
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(
            f"{name} holds {len(content)} bytes, its shape {shape} tells another number"
        )
    return np.frombuffer(content, dtype).reshape(shape, order=order).astype(dtype.newbyteorder("="))


def _bytes(file: IO[bytes], data: Any) -> Any:
    """Return the data of an array, which every Python pickles in its own way."""
    # Python 3, in the older protocols, says "encode this text in latin1" instead of bytes.
    if isinstance(data, Call) and str(data.function) == "_codecs.encode":
        data = data.arguments[0]
    if isinstance(data, Span):
        return data.read(file)
    return data.encode("latin-1") if isinstance(data, str) else data
