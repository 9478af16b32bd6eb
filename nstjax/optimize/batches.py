"""Several pictures of one size that one program paints, on one device or on several."""

from typing import Any, NamedTuple, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

PICTURES = "pictures"  # the mesh's only axis
EACH = PartitionSpec(PICTURES)
Tree = TypeVar("Tree")


class Batch(NamedTuple):
    """Pictures none of which knows of the others."""

    pictures: int
    # Axes of the problem as `jax.vmap` takes them, hashable: 0 for what each picture has of its own,
    # None for what all share.
    axes: Any
    mesh: Mesh | None = None  # of devices that have equally many of them each; see `mesh_of`

    @property
    def specs(self) -> Any:
        """Where a problem lies in the mesh."""
        return jax.tree.map(
            lambda axis: PartitionSpec() if axis is None else EACH,
            self.axes,
            is_leaf=lambda axis: axis is None,
        )

    def shapes(self, tree: Tree, specs: Any) -> Tree:
        """Shapes with the places that the specs say."""
        if self.mesh is None:
            return tree

        def with_places(spec: PartitionSpec, part: Any) -> Any:
            return jax.tree.map(lambda leaf: self._shape(leaf, spec), part)

        return jax.tree.map(with_places, specs, tree)

    def _shape(self, leaf: Any, spec: PartitionSpec) -> Any:
        assert self.mesh is not None
        where = NamedSharding(self.mesh, spec)
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=where)

    def placed(self, tree: Tree, specs: Any) -> Tree:
        """Arrays where the specs say."""
        if self.mesh is None:
            return tree
        mesh = self.mesh
        return jax.device_put(tree, jax.tree.map(lambda spec: NamedSharding(mesh, spec), specs))

    def over_devices(self, step: Any) -> Any:
        """A step of state, problem and two numbers of several pictures, each device with its own."""
        if self.mesh is None:
            return step
        return jax.shard_map(
            step,
            mesh=self.mesh,
            in_specs=(EACH, self.specs, EACH, EACH),
            out_specs=EACH,
            check_vma=False,
        )


def mesh_of(devices: Any) -> Mesh | None:
    """The mesh for batches on several devices; None for one."""
    return Mesh(np.array(devices), (PICTURES,)) if len(devices) > 1 else None
