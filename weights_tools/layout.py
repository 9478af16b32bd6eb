"""The one weights layout: every VGG, whatever file it came from, as one safetensors file.

Tensors are float32: `conv1_1/kernel` in HWIO `(3, 3, in, out)` and `conv1_1/bias` `(out,)`, and so
on for every convolution; the dense layers are left out. The metadata say what the network expects,
so that two networks with different expectations can never be confused.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weights_tools import files
from weights_tools.errors import WeightsError

# Simonyan and Zisserman 2014, table 1, columns D and E: convolutions in each stage.
STAGES: Mapping[str, tuple[int, ...]] = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
CHANNELS = (64, 128, 256, 512, 512)
CHANNEL_ORDERS = ("rgb", "bgr")
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


@dataclass(frozen=True)
class Preprocessing:
    """What a network expects: `(scale * pixels[..., channel_order] - mean) / std`.

    `pixels` are sRGB in [0, 1]; `mean` and `std` are in the network's own channel order.

    Raises:
        WeightsError: an unknown channel order, or numbers that make no such input.
    """

    channel_order: str  # "rgb" or "bgr"
    scale: float  # 255 for networks that were trained on bytes
    mean: tuple[float, float, float]  # subtracted after the scale, in its units
    std: tuple[float, float, float]  # divides last

    def __post_init__(self) -> None:
        """Refuse what would silently spoil every picture."""
        if self.channel_order not in CHANNEL_ORDERS:
            raise WeightsError(
                f"channel_order is {self.channel_order!r}: it must be {' or '.join(CHANNEL_ORDERS)}"
            )
        if not (_is_number(self.scale) and self.scale > 0):
            raise WeightsError(f"scale is {self.scale!r}: it must be a positive number")
        for name, positive in (("mean", False), ("std", True)):
            values = getattr(self, name)
            if (
                not isinstance(values, list | tuple)
                or len(values) != 3
                or not all(_is_number(value) and (value > 0 or not positive) for value in values)
            ):
                kind = "positive numbers" if positive else "numbers"
                raise WeightsError(f"{name} is {values!r}: it must be three {kind}")
            object.__setattr__(self, name, tuple(float(value) for value in values))
        object.__setattr__(self, "scale", float(self.scale))


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """The convolutions of one VGG, what it expects and where it came from."""

    architecture: str  # a key of STAGES
    preprocessing: Preprocessing
    tensors: dict[str, np.ndarray]  # name -> float32, the names and shapes of `shapes`
    source: str  # a URL, a requirement or a file name
    source_sha256: str  # hexadecimal, of the file that was converted
    license: str  # of the weights, "unknown" if nothing says


def shapes(architecture: str) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of an architecture, by name, from the input on.

    Raises:
        WeightsError: an unknown architecture.
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
    return found


def check(weights: NetworkWeights) -> None:
    """Check that `weights` has every tensor of its architecture, no other, and only finite values.

    Raises:
        WeightsError: names the tensor, what was found and what was expected.
    """
    expected = shapes(weights.architecture)
    _check_shapes(
        weights.architecture,
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
    }
    # safetensors writes a transposed view's memory as it lies, so every tensor is made contiguous.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in weights.tensors.items()}
    with files.replaced(files.expanded(path)) as temporary, temporary.open("wb") as file:
        file.write(save(tensors, metadata))


def read(path: str | os.PathLike[str]) -> NetworkWeights:
    """Read and check a file of this layout.

    Raises:
        WeightsError: no such file, damaged, not this layout, or it fails `check`.
    """
    weights = _open(path, with_tensors=True)
    try:
        check(weights)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return weights


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
            _check_shapes(weights.architecture, sizes)
            for name in sizes:
                if (dtype := file.get_slice(name).get_dtype()) != "F32":
                    raise WeightsError(f"{name} is {dtype}, expected F32: convert it")
            if with_tensors:
                tensors = {name: file.get_tensor(name) for name in sizes}
                weights = dataclasses.replace(weights, tensors=tensors)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is not a whole safetensors file: {files.reason(error)}; "
            "download or convert it again"
        ) from None
    return weights


def _check_shapes(architecture: str, found: Mapping[str, tuple[int, ...]]) -> None:
    """Raise a `WeightsError` unless the names and shapes are those of the architecture."""
    expected = shapes(architecture)
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
    shapes(metadata["architecture"])
    return NetworkWeights(
        architecture=metadata["architecture"],
        preprocessing=Preprocessing(channel_order=metadata["channel_order"], **numbers),
        tensors={},
        source=metadata["source"],
        source_sha256=metadata["source_sha256"],
        license=metadata["license"],
    )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
