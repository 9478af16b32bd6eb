"""The gradient behind a ReLU whose output a style looks at, in one pass over a GPU's memory.

For M positions with N channels, the ReLU's output y, the gradient g that comes from the layer behind it,
the symmetric matrix D of the second moment's gradient and the row d of the mean's:

    where(y > 0, g + y D + d, 0)                (M, N)

XLA writes the product to memory before it adds and masks: a third more passes over the largest maps.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import Mesh, NamedSharding, PartitionSpec

ROWS = 128  # positions of a block
MOST_COLUMNS = 128  # channels of a block
DEPTH = 64  # channels that are multiplied at a time


def masked_product(
    y: jax.Array, gradient: jax.Array, matrix: jax.Array, row: jax.Array
) -> jax.Array:
    """`where(y > 0, g + y D + d, 0)`: by the kernel where it can be, else as XLA does it.

    Args:
        y: `(S, H, W, N)`, at least zero.
        gradient: g, as y.
        matrix: D, `(N, N)`, of y's type.
        row: d, `(N,)` in float32.
    """
    if not fits_kernel(y):
        return plain(y, gradient, matrix, row)
    return lax.platform_dependent(y, gradient, matrix, row, cuda=_on_each_device, default=plain)


def fits_kernel(y: jax.Array) -> bool:
    """Whether the kernel takes these: its offsets have 32 bits, and its products are bfloat16's."""
    channels = y.shape[-1]
    whole = channels == DEPTH or (channels > 0 and channels % MOST_COLUMNS == 0)
    return whole and y.dtype == jnp.bfloat16 and 0 < y.size < 2**31


def plain(y: jax.Array, gradient: jax.Array, matrix: jax.Array, row: jax.Array) -> jax.Array:
    """The formula as it is written."""
    added = jnp.einsum("...m,mn->...n", y, matrix) + gradient + row.astype(y.dtype)
    return jnp.where(y > 0, added, 0)


def by_kernel(
    y: jax.Array, gradient: jax.Array, matrix: jax.Array, row: jax.Array, *, interpret: bool = False
) -> jax.Array:
    """The same in one kernel, which Triton compiles; `interpret` runs it anywhere, slowly."""
    # Only where it is used, for starting the program takes longer with them.
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    channels = y.shape[-1]
    rows = y.size // channels
    columns = min(channels, MOST_COLUMNS)
    block = pl.BlockSpec((ROWS, columns), lambda i, j: (i, j))
    found = pl.pallas_call(
        functools.partial(_kernel, rows),
        out_shape=jax.ShapeDtypeStruct((rows, channels), y.dtype),
        grid=(pl.cdiv(rows, ROWS), channels // columns),
        in_specs=[
            pl.BlockSpec((ROWS, channels), lambda i, _: (i, 0)),
            block,
            block,
            pl.BlockSpec((channels, columns), lambda _, j: (0, j)),
            pl.BlockSpec((1, columns), lambda _, j: (0, j)),
        ],
        out_specs=block,
        compiler_params=triton.CompilerParams(num_warps=8 if columns > DEPTH else 4, num_stages=3),
        interpret=interpret,
        name="masked_product",
    )(
        y.reshape(rows, channels),
        y.reshape(rows, channels),
        gradient.reshape(rows, channels),
        matrix,
        row.reshape(1, channels),
    )
    return found.reshape(y.shape)


@custom_vmap
@custom_partitioning
def _on_each_device(
    y: jax.Array, gradient: jax.Array, matrix: jax.Array, row: jax.Array
) -> jax.Array:
    """The kernel where devices may share the positions: each runs it on its own.

    XLA cannot see into a kernel, and would gather the whole map on every device.
    """
    return by_kernel(y, gradient, matrix, row)


def _partition(mesh: Mesh, arguments: Any, result: Any) -> tuple[Any, ...]:
    """What each device computes, and how the result and the arguments lie on the devices."""
    del arguments
    shared = NamedSharding(mesh, PartitionSpec(*result.sharding.spec[:-1], None))
    whole = NamedSharding(mesh, PartitionSpec())
    return mesh, by_kernel, shared, (shared, shared, whole, whole)


_on_each_device.fun.def_partition(
    _partition,
    sharding_rule="s h w n, s h w n, k m, c -> s h w n",
    need_replication_factors=("n", "k", "m", "c"),
)


@_on_each_device.def_vmap
def _of_many_pictures(size: int, are_many: list[bool], *arguments: jax.Array) -> Any:
    """Several pictures painted together: one kernel, on one device."""
    del size
    axes = [0 if many else None for many in are_many]
    return jax.vmap(by_kernel, axes)(*arguments), True


def _kernel(rows: int, y: Any, mask: Any, gradient: Any, matrix: Any, row: Any, out: Any) -> None:
    """One block: references to all channels of its positions, then to what of each array is its own."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    # The last block may reach beyond the last position.
    inside = (pl.program_id(0) * ROWS + jnp.arange(ROWS) < rows)[:, jnp.newaxis]

    def add(step: jax.Array, product: jax.Array) -> jax.Array:
        channels = pl.ds(step * DEPTH, DEPTH)
        features = triton.load(y.at[:, channels], mask=inside, other=0)
        return product + jnp.dot(features, matrix[channels, :], preferred_element_type=jnp.float32)

    start = jnp.zeros(out.shape, jnp.float32) + row[...]
    product = lax.fori_loop(0, y.shape[1] // DEPTH, add, start)
    behind = triton.load(gradient, mask=inside, other=0).astype(jnp.float32)
    is_open = triton.load(mask, mask=inside, other=0) > 0
    found = jnp.where(is_open, product + behind, 0)
    triton.store(out, found.astype(out.dtype), mask=inside)
