"""The one weights layout: every VGG, whatever file it came from, as one safetensors file.

Tensors are float32 (or stored in half of that): `conv1_1/kernel` in HWIO `(3, 3, in, out)` and
`conv1_1/bias` `(out,)`, and so on for every convolution, or up to `last_layer` of the metadata; the
dense layers are left out. The metadata say what the network expects,
so that two networks with different expectations can never be confused.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import ml_dtypes  # without it, neither NumPy nor safetensors know bfloat16
import numpy as np

from weights_tools import files
from weights_tools.errors import WeightsError, printable
from weights_tools.preprocessing import Preprocessing

if TYPE_CHECKING:
    from safetensors import safe_open

# Simonyan and Zisserman 2014, table 1, columns D and E: convolutions in each stage.
STAGES: Mapping[str, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)
# How values may be stored, and what safetensors calls it.
DTYPES = MappingProxyType({"float32": "F32", "float16": "F16", "bfloat16": "BF16"})
METADATA_KEYS = (
    "architecture",
    "channel_order",
    "scale",
    "mean",
    "std",
    "source",
    "source_sha256",
    "license",
)
# Files written before they were known lack these.
OPTIONAL_METADATA_KEYS = ("last_layer", "decision")


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """The convolutions of one VGG, what it expects and where it came from."""

    architecture: str  # a key of STAGES
    preprocessing: Preprocessing
    tensors: dict[str, np.ndarray]  # name -> float32, the names and shapes of `shapes`
    source: str  # a URL, a requirement or a file name
    source_sha256: str  # hexadecimal, of the file that was converted
    license: str  # of the weights, "unknown" if nothing says
    last_layer: str = ""  # of a trunk that is cut, such as "conv4_1"; "" of a whole one
    decision: str = ""  # how it was found what the network expects, for people
    dtype: str = "float32"  # in which the values are stored, a key of DTYPES; here they are float32


def shapes(architecture: str, last_layer: str = "") -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of an architecture, by name, from the input on.

    Args:
        architecture: a key of STAGES.
        last_layer: where the trunk is cut, such as "conv4_1"; "" for the whole.

    Raises:
        WeightsError: an unknown architecture or layer.
    """
    if architecture not in STAGES:
        raise WeightsError(
            f"architecture is {architecture!r}: it must be one of {', '.join(STAGES)}"
        )
    found: dict[str, tuple[int, ...]] = {}
    inputs = 3
    for stage, (count, outputs) in enumerate(
        zip(STAGES[architecture], CHANNELS, strict=True), start=1
    ):
        for index in range(1, count + 1):
            found[f"conv{stage}_{index}/kernel"] = (3, 3, inputs, outputs)
            found[f"conv{stage}_{index}/bias"] = (outputs,)
            inputs = outputs
            if last_layer == f"conv{stage}_{index}":
                return found
    if last_layer:
        raise WeightsError(
            f"last_layer is {last_layer!r}: {architecture} has {', '.join(_layers(found))}"
        )
    return found


def layer_names(architecture: str, last_layer: str = "") -> list[str]:
    """Return the names of the convolutions of a trunk: conv1_1, conv1_2 and so on."""
    return _layers(shapes(architecture, last_layer))


def check(weights: NetworkWeights) -> None:
    """Check that `weights` has every tensor of its architecture, no other, and only finite values.

    Raises:
        WeightsError: names the tensor, what was found and what was expected.
    """
    expected = shapes(weights.architecture, weights.last_layer)
    _check_shapes(
        weights,
        {name: tuple(tensor.shape) for name, tensor in weights.tensors.items()},
    )
    for name in expected:
        tensor = weights.tensors[name]
        if tensor.dtype != np.float32:
            raise WeightsError(f"{name} is {tensor.dtype}, expected float32: convert it")
        bad = tensor.size - int(np.count_nonzero(np.isfinite(tensor)))
        if bad:
            raise WeightsError(
                f"{name} holds {bad} values that are NaN or infinite: the file is damaged or its "
                "training diverged, use another"
            )


def write(path: str | os.PathLike[str], weights: NetworkWeights) -> None:
    """Check `weights` and write them to `path`, whole or not at all; an old file is replaced.

    Raises:
        WeightsError: the weights fail `check`, or the file cannot be written.
    """
    from safetensors.numpy import save

    check(weights)
    preprocessing = weights.preprocessing
    metadata = {
        "architecture": weights.architecture,
        "channel_order": preprocessing.channel_order,
        "scale": json.dumps(preprocessing.scale),
        "mean": json.dumps(preprocessing.mean),
        "std": json.dumps(preprocessing.std),
        "source": weights.source,
        "source_sha256": weights.source_sha256,
        "license": weights.license,
        "last_layer": weights.last_layer,
        "decision": weights.decision,
    }
    # safetensors writes a transposed view's memory as it lies, so every tensor is made contiguous.
    tensors = {
        name: np.ascontiguousarray(stored(tensor, weights.dtype))
        for name, tensor in weights.tensors.items()
    }
    files.write(files.expanded(path), save(tensors, metadata))


def stored(tensor: np.ndarray, dtype: str) -> np.ndarray:
    """Return a tensor as it is stored in `dtype`, a key of DTYPES.

    Raises:
        WeightsError: an unknown type, or a value that is too large for it.
    """
    if dtype not in DTYPES:
        raise WeightsError(f"dtype {dtype!r} is unknown: use one of {', '.join(DTYPES)}")
    with np.errstate(over="ignore"):
        narrow = tensor.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    if not np.isfinite(narrow).all():
        raise WeightsError(f"the weights hold values too large for {dtype}: use float32")
    return narrow


def read(path: str | os.PathLike[str]) -> NetworkWeights:
    """Read and check a file of this layout.

    Raises:
        WeightsError: no such file, damaged, not this layout, or it fails `check`.
    """
    weights = _open(path, with_tensors=True)
    try:
        check(weights)
    except WeightsError as error:
        raise error.about(path) from None
    return weights


def is_layout(path: Path) -> bool:
    """Tell whether a file is in our layout, or was meant to be: safetensors with our metadata."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            # Others too write a license or a source.
            return {"architecture", "channel_order"} <= (file.metadata() or {}).keys()
    except (SafetensorError, OSError):
        return False


def read_header(path: str | os.PathLike[str]) -> NetworkWeights:
    """Read all but the values (`tensors` is empty): fast, and it notices a truncated file.

    Raises:
        WeightsError: no such file, damaged, or not this layout.
    """
    return _open(path, with_tensors=False)


def _open(path: str | os.PathLike[str], *, with_tensors: bool) -> NetworkWeights:
    from safetensors import SafetensorError, safe_open

    path = files.require_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            weights = _from_metadata(file.metadata() or {})
            # Before anything is read: a file of another kind may be larger than the memory.
            names = file.keys()  # the file itself cannot be iterated over
            sizes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            _check_shapes(weights, sizes)
            weights = dataclasses.replace(weights, dtype=_dtype(file, sizes))
            if with_tensors:
                tensors = {name: file.get_tensor(name).astype(np.float32) for name in sizes}
                weights = dataclasses.replace(weights, tensors=tensors)
    except WeightsError as error:
        raise error.about(path) from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is not a whole safetensors file: {files.reason(error)}; "
            "download or convert it again"
        ) from None
    return weights


def _dtype(file: safe_open, names: Iterable[str]) -> str:
    """Return the one type that all tensors of a file are stored in."""
    types = {file.get_slice(name).get_dtype(): name for name in names}
    known = {value: key for key, value in DTYPES.items()}
    for found, name in types.items():
        if found not in known or len(types) > 1:
            raise WeightsError(
                f"{name} is {found}, expected one of {', '.join(known)} for all tensors: convert it"
            )
    return known[next(iter(types))]


def _check_shapes(weights: NetworkWeights, found: Mapping[str, tuple[int, ...]]) -> None:
    """Raise a `WeightsError` unless the names and shapes are those of the architecture."""
    architecture = weights.architecture
    expected = shapes(architecture, weights.last_layer)
    for name, shape in expected.items():
        if name not in found:
            raise WeightsError(
                f"{name} is missing, {architecture} has it with shape {shape}: "
                f"use a complete {architecture} file"
            )
        if found[name] != shape:
            raise WeightsError(
                f"{name} has shape {found[name]}, {architecture} has {shape}: "
                f"use a file of {architecture}"
            )
    if unknown := sorted(set(found) - set(expected)):
        raise WeightsError(
            f"{unknown[0]} of shape {found[unknown[0]]} is no tensor of {architecture}: "
            f"use a file with its convolutions only, {', '.join(list(expected)[:2])} and so on"
        )


def _from_metadata(metadata: Mapping[str, str]) -> NetworkWeights:
    missing = [key for key in METADATA_KEYS if key not in metadata]
    if missing:
        raise WeightsError(
            f"the safetensors metadata lack {', '.join(missing)}: this layout needs them, "
            "convert the weights from their original file"
        )
    numbers = {}
    for key in ("scale", "mean", "std"):
        try:
            numbers[key] = json.loads(metadata[key])
        except (json.JSONDecodeError, RecursionError):
            raise WeightsError(
                f"the metadata's {key} is {metadata[key][:80]!r}: it must be JSON"
            ) from None
    optional = {key: printable(metadata.get(key, "")) for key in OPTIONAL_METADATA_KEYS}
    shapes(metadata["architecture"], optional["last_layer"])
    return NetworkWeights(
        architecture=metadata["architecture"],
        preprocessing=Preprocessing(channel_order=metadata["channel_order"], **numbers),
        tensors={},
        source=printable(metadata["source"]),
        source_sha256=printable(metadata["source_sha256"]),
        license=printable(metadata["license"]),
        **optional,
    )


def _layers(names: Iterable[str]) -> list[str]:
    return [name.removesuffix("/kernel") for name in names if name.endswith("/kernel")]
