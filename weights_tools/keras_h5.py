"""Reader of the HDF5 files that Keras writes, in each of its layouts, for VGG16 and VGG19.

    block1_conv1/block1_conv1_W_1:0           as keras.applications distributes, and Keras 1 to 3 as
    model_weights/block1_conv1/.../kernel:0   whole models; datasets nested in any way
    layers/conv2d_10/vars/0                   Keras 3 `.weights.h5`: numbered in the network's order
    block3/layers/conv2d_2/vars/0             Keras 3, one model a stage, numbered in each

A convolution is a group that holds a 3x3 kernel in HWIO; its bias is the vector beside it. All else
(dense layers, 1x1 heads, the optimizer's state) is left aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weights_tools import files
from weights_tools.errors import WeightsError
from weights_tools.layout import STAGES, shapes

if TYPE_CHECKING:
    import h5py

# Keras nests three or four groups; a file that goes deeper was made to keep a reader busy.
MAX_DEPTH = 12


def read_keras_h5(path: Path) -> tuple[str, dict[str, np.ndarray]]:
    """Read the convolutions of a VGG from an HDF5 file of Keras.

    Returns the architecture, and the tensors by this package's names, float32, kernels in HWIO.
    Links to other files are not followed, and a shape is checked before its values are read.

    Raises:
        WeightsError: a damaged file, another network, or a layer that is missing or out of place.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            # A whole model keeps its optimizer's copies of every kernel beside `model_weights`.
            root = file["model_weights"] if _is_inside(file, "model_weights") else file
            return _read(root if isinstance(root, h5py.Group) else file)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise WeightsError(
            f"{path} is a damaged HDF5 file: {files.reason(error)}; download or copy it again"
        ) from None


def _read(root: h5py.Group) -> tuple[str, dict[str, np.ndarray]]:
    convolutions = list(_convolutions(root))
    counts = {sum(stages): name for name, stages in STAGES.items()}
    if len(convolutions) not in counts:
        allowed = " and ".join(f"{name} has {count}" for count, name in sorted(counts.items()))
        raise WeightsError(
            f"it holds {len(convolutions)} convolutions with 3x3 kernels in HWIO, {allowed}: "
            "use a file that Keras wrote for one of these networks"
        )
    architecture = counts[len(convolutions)]
    expected = shapes(architecture)
    layers = [name.removesuffix("/kernel") for name in expected if name.endswith("/kernel")]
    by_place = {_place(f"{kernel.name}"): (kernel, bias) for kernel, bias in convolutions}
    if len(by_place) < len(layers):
        raise WeightsError(
            "the names of its layers do not put them in one order: name them block1_conv1, conv1_1 "
            "or conv2d, conv2d_1 and so on"
        )
    tensors: dict[str, np.ndarray] = {}
    for layer, place in zip(layers, sorted(by_place), strict=True):
        kernel, bias = by_place[place]
        stage = place[0]
        # The places only order the convolutions, but where they name a stage it must be that one.
        if stage and not layer.startswith(f"conv{stage}_"):
            raise WeightsError(
                f"{kernel.name} stands where {architecture} has {layer}: "
                f"use a complete {architecture} file"
            )
        if bias is None:
            raise WeightsError(
                f"{layer}/bias is missing beside {kernel.name}, expected shape "
                f"{expected[f'{layer}/bias']}: use a file of {architecture}"
            )
        for name, dataset in ((f"{layer}/kernel", kernel), (f"{layer}/bias", bias)):
            tensors[name] = _values(name, dataset, expected[name])
    return architecture, tensors


def _convolutions(root: h5py.Group) -> Iterator[tuple[h5py.Dataset, h5py.Dataset | None]]:
    """Yield the kernel and the bias of every group that holds a 3x3 kernel."""
    import h5py

    # Hard links may form circles: a group is visited once, whatever its names.
    visited: set[h5py.Group] = set()
    pending = [(root, 0)]
    while pending:
        group, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise WeightsError(
                f"its groups nest deeper than {MAX_DEPTH}: Keras writes no such file, use another"
            )
        if group in visited:
            continue
        visited.add(group)
        datasets: list[h5py.Dataset] = []
        for name in map(str, group):
            if not _is_inside(group, name):
                continue
            member = group[name]
            if isinstance(member, h5py.Dataset):
                datasets.append(member)
            elif isinstance(member, h5py.Group) and not name.startswith("optimizer"):
                pending.append((member, depth + 1))
        kernels = [each for each in datasets if each.ndim == 4 and each.shape[:2] == (3, 3)]
        vectors = [each for each in datasets if each.ndim == 1]
        for kernel in kernels:
            yield kernel, vectors[0] if len(vectors) == 1 and len(kernels) == 1 else None


def _is_inside(group: h5py.Group, name: str) -> bool:
    """Tell whether a member is there and no link: that could open any file of the user's."""
    import h5py

    return group.get(name, getclass=True, getlink=True) is h5py.HardLink


def _place(path: str) -> tuple[int, int]:
    """Return the stage (0 if the name says none) and the number in it that a path names."""
    if named := re.search(r"(?:block(\d+)_conv|\bconv(\d+)_)(\d+)\b", path):
        return int(named[1] or named[2]), int(named[3])
    if counted := re.search(r"(?:\bblock(\d+)/(?:.*/)?)?\bconv2d(?:_(\d+))?\b", path):
        return int(counted[1] or 0), int(counted[2] or 0)
    raise WeightsError(
        f"the name {path} does not say which convolution of a VGG it is: use a file whose layers "
        "are named block1_conv1, conv1_1 or conv2d, conv2d_1 and so on"
    )


def _values(name: str, dataset: h5py.Dataset, expected: tuple[int, ...]) -> np.ndarray:
    """Return the values of a dataset as float32, if it is what it should be."""
    if dataset.shape != expected:
        raise WeightsError(
            f"{name} ({dataset.name}) has shape {dataset.shape}, expected {expected}: "
            "use a file of VGG16 or VGG19"
        )
    if dataset.dtype.kind != "f":
        raise WeightsError(
            f"{name} ({dataset.name}) is {dataset.dtype}, expected floating-point numbers: "
            "use a file that is not quantized"
        )
    # Its values lie in other files, which are the user's and not the author's to name.
    if dataset.external or dataset.is_virtual:
        raise WeightsError(f"{name} ({dataset.name}) points to another file: use a whole file")
    # A chunk is read whole, so one larger than its dataset could fill the memory.
    if dataset.chunks and any(c > max(s, 1) for c, s in zip(dataset.chunks, expected, strict=True)):
        raise WeightsError(
            f"{name} ({dataset.name}) is stored in chunks of {dataset.chunks}, larger than itself: "
            "use a file that Keras wrote"
        )
    with np.errstate(over="ignore"):  # `check` reports what float32 cannot hold as not finite
        return np.asarray(dataset[()], dtype=np.float32)
