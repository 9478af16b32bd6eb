"""Where the arrays of a step lie: all on one device, or the picture's rows shared by several."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec, Sharding, SingleDeviceSharding
from jax.tree_util import DictKey, GetAttrKey, KeyEntry

ROWS = "rows"  # the axis of the mesh


def rows_axis(path: tuple[KeyEntry, ...], shape: tuple[int, ...]) -> int | None:
    """Which axis of an array of `(state, problem, ...)` the devices share; None: each has all of it.

    Pixels, and whatever the optimizer remembers of pixels, have their rows third from the end:
    `(H, W, 3)` or `(memory, H, W, 3)`. The content's feature maps have theirs, or strips of rows, first.
    All else is small, or the same everywhere: weights, statistics, numbers.
    """
    names = [key.name if isinstance(key, GetAttrKey) else None for key in path]
    if path[0] == DictKey("state"):
        return len(shape) - 3 if len(shape) >= 3 else None
    if "targets" in names and "content" in names:
        return 0 if shape[0] > 1 else 1  # (S, h, W, C) of a `FeatureMap`
    return None


def placed(arguments: dict[str, Any], devices: Sequence[Any]) -> dict[str, Any]:
    """Shapes of the step's arguments, by their names, each with the place where it lies."""
    mesh = Mesh(np.array(devices), (ROWS,))

    def sharding(path: tuple[KeyEntry, ...], shape: tuple[int, ...]) -> Sharding:
        if len(devices) == 1:
            return SingleDeviceSharding(devices[0])
        axis = rows_axis(path, shape)
        if axis is None or shape[axis] % len(devices):  # JAX places even shares only
            return NamedSharding(mesh, PartitionSpec())
        return NamedSharding(mesh, PartitionSpec(*[None] * axis, ROWS))

    def place(path: tuple[KeyEntry, ...], leaf: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(
            leaf.shape, leaf.dtype, weak_type=leaf.weak_type, sharding=sharding(path, leaf.shape)
        )

    shapes = jax.eval_shape(lambda tree: tree, arguments)
    return jax.tree_util.tree_map_with_path(place, shapes)
