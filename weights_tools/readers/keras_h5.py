"""Reader of the HDF5 files that Keras writes, in each of its layouts, for VGG16 and VGG19.

    block1_conv1/block1_conv1_W_1:0           as keras.applications distributes, and Keras 1 to 3 as
    model_weights/block1_conv1/.../kernel:0   whole models; datasets nested in any way
    layers/conv2d_10/vars/0                   Keras 3 `.weights.h5`: numbered in the network's order
    block3/layers/conv2d_2/vars/0             Keras 3, one model a stage, numbered in each

A convolution is a group that holds a 3x3 kernel in HWIO; its bias is the vector beside it. All else
(dense layers, 1x1 heads, the optimizer's state) is left aside.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import Checkpoint, Convolution, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.naming import in_order

if TYPE_CHECKING:
    import h5py

# Keras nests three or four groups; a file that goes deeper was made to keep a reader busy.
MAX_DEPTH = 12
_KIND = "HDF5"


@contextlib.contextmanager
def read_keras_h5(path: Path) -> Iterator[Checkpoint]:
    """Open an HDF5 file of Keras.

    Links to other files are not followed, and a shape is checked before its values are read.
    """
    import h5py

    with contextlib.ExitStack() as stack:
        with reported(path, _KIND):
            file = stack.enter_context(h5py.File(path, "r"))
            # A whole model keeps its optimizer's copies of every kernel beside `model_weights`.
            root = file["model_weights"] if _is_inside(file, "model_weights") else file
            found = _convolutions(root if isinstance(root, h5py.Group) else file)
            checkpoint = Checkpoint(
                in_order(
                    Convolution(
                        _values(path, kernel), None if bias is None else _values(path, bias)
                    )
                    for kernel, bias in found
                )
            )
        yield checkpoint


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
        kernels = [
            each
            for each in datasets
            if each.ndim == 4 and (each.shape[:2] == (3, 3) or each.shape == (1, 1, 3, 3))
        ]
        vectors = [each for each in datasets if each.ndim == 1]
        if theano := [each for each in datasets if each.ndim == 4 and each.shape[2:] == (3, 3)]:
            raise WeightsError(
                f"{theano[0].name} has shape {theano[0].shape}, the axes of Theano, whose kernels "
                "may be turned round: use the file with tf_dim_ordering_tf_kernels in its name"
            )
        for kernel in kernels:
            yield kernel, vectors[0] if len(vectors) == 1 and len(kernels) == 1 else None


def _is_inside(group: h5py.Group, name: str) -> bool:
    """Tell whether a member is there and no link: that could open any file of the user's."""
    import h5py

    return group.get(name, getclass=True, getlink=True) is h5py.HardLink


def _values(path: Path, dataset: h5py.Dataset) -> Values:
    return Values(
        printable(f"{dataset.name}"),
        dataset.shape,
        str(dataset.dtype),
        functools.partial(_read_reporting, path, dataset),
    )


def _read_reporting(path: Path, dataset: h5py.Dataset) -> np.ndarray:
    with reported(path, _KIND):
        return _read(dataset)


def _read(dataset: h5py.Dataset) -> np.ndarray:
    # Its values lie in other files, which are the user's and not the author's to name.
    if dataset.external or dataset.is_virtual:
        raise WeightsError(f"{dataset.name} points to another file: use a whole file")
    # A chunk is read whole, so one larger than its dataset could fill the memory.
    if dataset.chunks and any(
        chunk > max(size, 1) for chunk, size in zip(dataset.chunks, dataset.shape, strict=True)
    ):
        raise WeightsError(
            f"{dataset.name} is stored in chunks of {dataset.chunks}, larger than itself: "
            "use a file that Keras wrote"
        )
    return dataset[()]
