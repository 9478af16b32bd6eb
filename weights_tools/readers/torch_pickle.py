"""What is checked in a file of PyTorch before PyTorch is let near it.

`torch.load(weights_only=True)` runs no code of the file's, but it takes the file's word for sizes:
it would enlarge a storage to any shape that is claimed, or hash nested keys for hours. So the
pickles are first read as data, and only what a state dict consists of is let through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import IO, Any

from weights_tools.readers.pickled import Call, Persistent, read_pickle, require_key

_MAGIC = 0x1950A86A20F9469CFC6C
# Bytes of an element.
_STORAGES = MappingProxyType(
    {
        f"torch.{prefix}{kind}Storage": size
        for prefix in ("", "cuda.")
        for kind, size in {
            "Double": 8,
            "Float": 4,
            "Half": 2,
            "BFloat16": 2,
            "Long": 8,
            "Int": 4,
            "Short": 2,
            "Char": 1,
            "Byte": 1,
            "Bool": 1,
            "ComplexDouble": 16,
            "ComplexFloat": 8,
            "QInt8": 1,
            "QUInt8": 1,
            "QInt32": 4,
        }.items()
    }
)
_QUANTIZED = "torch._utils._rebuild_qtensor"
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", _QUANTIZED)
_DICTIONARIES = ("collections.OrderedDict", "collections.Counter")
_NAMES = frozenset(
    (
        *_STORAGES,
        *_TENSORS,
        *_DICTIONARIES,
        "torch._utils._rebuild_parameter",
        "torch.Size",
        "torch.per_tensor_affine",
        "torch.per_channel_affine",
    )
)
_REMEDY = "load it where it was made and save model.state_dict() with torch.save"


def check_pickle(file: IO[bytes], sizes: Mapping[str, int] | int) -> set[str]:
    """Check the pickle of a state dict that begins here; return the keys of its storages.

    Args:
        file: positioned at the pickle.
        sizes: the bytes of each storage by its key, or of all of them together where the file does
            not tell more.

    Raises:
        WeightsError: it holds something else than a state dict has.
        Exception: of other kinds, if it is damaged.
    """
    _, made = read_pickle(file, _NAMES, _REMEDY)
    storages = _storages([each for each in made if isinstance(each, Persistent)])
    found = {key: size for key, (_, size) in storages.items()}
    if isinstance(sizes, int):
        if sum(found.values()) > sizes:
            raise ValueError(f"its storages claim {sum(found.values())} bytes, it has {sizes}")
    elif any(sizes[key] != size for key, size in found.items()):
        raise ValueError("its storages are not as long as it claims")
    for each in made:
        if isinstance(each, Call):
            _check_call(each, found)
    return set(found)


def check_legacy(file: IO[bytes], size: int) -> None:
    """Check a file from before PyTorch 1.6: five pickles, then the storages one after another.

    Raises:
        WeightsError: it holds something else than a state dict has.
        Exception: of other kinds, if it is damaged.
    """
    magic, _ = read_pickle(file, (), _REMEDY)
    if magic != _MAGIC:
        raise ValueError("it does not begin as PyTorch's files do")
    for _ in ("protocol", "system"):
        read_pickle(file, (), _REMEDY)
    keys = check_pickle(file, size)
    listed, _ = read_pickle(file, (), _REMEDY)
    # A storage that is not listed would keep whatever its memory held before.
    if not isinstance(listed, list) or {require_key(each) for each in listed} != keys:
        raise ValueError("the list of its storages is not that of its tensors")


def _storages(references: list[Persistent]) -> dict[str, tuple[str, int]]:
    """Return the type and the bytes of each storage by its key."""
    storages: dict[str, tuple[str, int]] = {}
    for each in references:
        what, kind, key, _, count, *views = each.key
        if what != "storage" or not isinstance(key, str) or views not in ([], [None]):
            raise ValueError("it refers to something that is no storage")
        found = str(kind), _natural(count) * _STORAGES[str(kind)]
        if storages.setdefault(key, found) != found:
            raise ValueError(f"its storage {key} has two types or lengths")
    return storages


def _check_call(call: Call, storages: Mapping[str, int]) -> None:
    function = str(call.function)
    if function not in _DICTIONARIES and (call.items or call.state is not None):
        raise TypeError(f"it puts items into {function}")
    if function in _TENSORS:
        _check_tensor(call.arguments, storages, whole=function == _QUANTIZED)
    elif function in _DICTIONARIES:
        # Python 2 gave the items as pairs.
        for key, _ in call.arguments[0] if call.arguments else ():
            require_key(key)
    elif function in _STORAGES:
        raise TypeError(f"it makes a {function} of its own")


def _check_tensor(arguments: tuple[Any, ...], storages: Mapping[str, int], *, whole: bool) -> None:
    """Check that a tensor's elements lie in its storage, which would else be enlarged.

    Elements may share a place there, unless PyTorch takes memory for the `whole` tensor.
    """
    storage, offset, size, stride, *_ = arguments
    _, kind, key, *_ = storage.key
    last = _natural(offset)
    for length, step in zip(size, stride, strict=True):
        last += (_natural(length) - 1) * _natural(step)
    count = max(last + 1, math.prod(size) if whole else 0)
    if 0 not in size and count * _STORAGES[str(kind)] > storages[key]:
        raise ValueError(f"a tensor of shape {size} reaches over the end of its storage")


def _natural(number: Any) -> int:
    if not isinstance(number, int) or number < 0:
        raise TypeError("a length in it is no number from 0 on")
    return number
