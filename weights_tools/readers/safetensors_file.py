"""Reader of safetensors files that other libraries write: torchvision's, timm's, Keras' or MLX's.

    features.0.weight     torchvision and timm, in OIHW
    block1_conv1/kernel   and whatever else says stage and index, in any order of axes

The names are those of the network's own library, for the format has none of its own.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import Checkpoint, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.naming import in_order, paired

if TYPE_CHECKING:
    from safetensors import safe_open

# VGG19 with batch normalization has some 100.
MAX_TENSORS = 10_000
_KIND = "safetensors"
_DTYPES = MappingProxyType(
    {
        "F16": "float16",
        "BF16": "bfloat16",
        "F32": "float32",
        "F64": "float64",
        **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
        **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    }
)


@contextlib.contextmanager
def read_safetensors_file(path: Path) -> Iterator[Checkpoint]:
    """Open a safetensors file that is not in our own layout."""
    import ml_dtypes  # noqa: F401 - without it, NumPy does not know bfloat16
    from safetensors import safe_open

    with contextlib.ExitStack() as stack:
        with reported(path, _KIND):
            file = stack.enter_context(safe_open(path, framework="numpy"))
            names = list(file.keys())
            if len(names) > MAX_TENSORS:
                raise WeightsError(
                    f"it holds {len(names)} tensors, more than {MAX_TENSORS}: "
                    "give a file of VGG16 or VGG19"
                )
            checkpoint = Checkpoint(in_order(paired(_values(path, file, each) for each in names)))
        yield checkpoint


def _values(path: Path, file: safe_open, name: str) -> Values:
    entry = file.get_slice(name)
    dtype = entry.get_dtype()
    return Values(
        printable(name),
        tuple(entry.get_shape()),
        _DTYPES.get(dtype, dtype),
        functools.partial(_read, path, file, name, widen=dtype == "BF16"),
    )


def _read(path: Path, file: safe_open, name: str, *, widen: bool) -> np.ndarray:
    with reported(path, _KIND):
        values = file.get_tensor(name)
        return values.astype(np.float32) if widen else values
