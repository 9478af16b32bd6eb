"""3x3 convolution with a quarter of the multiplications: Winograd's F(4x4, 3x3).

Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016: an output tile Y of 4x4
positions is computed from the 6x6 inputs d under it and the 3x3 kernel g as

    Y = A^T [(G g G^T) . (B^T d B)] A

where `.` multiplies elementwise, summed over input channels: 36 matrix products of all tiles at once,
(tiles, I) x (I, O), in place of 9 x 16. The transforms only add, but they move data; with many channels
the products outweigh them.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

TILE, KERNEL = 4, 3
WINDOW = TILE + KERNEL - 1

# Interpolation at 0, 1, -1, 2, -2 and infinity.
INPUT_TRANSFORM = (  # B^T
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
KERNEL_TRANSFORM = (  # G
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
OUTPUT_TRANSFORM = (  # A^T
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)


def transform_kernel(kernel: jax.Array) -> jax.Array:
    """`G g G^T` of every pair of channels, transposed: `(3, 3, I, O) -> (6, 6, I, O)`, float32."""
    g = np.asarray(KERNEL_TRANSFORM, np.float32)
    rows = np.tensordot(g, np.asarray(kernel, np.float32), (1, 0))  # (6, 3, I, O)
    return jnp.asarray(np.tensordot(g, rows, (1, 1)))


@functools.partial(jax.jit, inline=True)
def correlate_tiles(x: jax.Array, transformed: jax.Array) -> jax.Array:
    """`x * kernel` with zero padding: `(B, H, W, I)` and `(6, 6, I, O)` to `(B, H, W, O)`.

    Computed in float32 whatever the features' type: the transforms cancel large numbers.
    """
    batch, height, width, inputs = x.shape
    # At least one, so that an empty feature map stays empty, as with other convolutions.
    down, across = max(-(-height // TILE), 1), max(-(-width // TILE), 1)
    # Zeros around the picture, and more where the last tiles reach beyond it.
    rows, columns = (1, down * TILE + 1 - height), (1, across * TILE + 1 - width)
    d = jnp.pad(x.astype(jnp.float32), ((0, 0), rows, columns, (0, 0)))
    # (6, B, down, columns, I), then (6, 6, B, down, across, I)
    d = _combine(INPUT_TRANSFORM, [_each_tile(d, i, down, axis=1) for i in range(WINDOW)])
    d = _combine(INPUT_TRANSFORM, [_each_tile(d, j, across, axis=3) for j in range(WINDOW)])
    tiles = d.reshape(WINDOW, WINDOW, batch * down * across, inputs)
    y = jnp.einsum("jitm,jimn->jitn", tiles, transformed)
    # (4, 6, tiles, O), then (4, 4, tiles, O)
    y = _combine(OUTPUT_TRANSFORM, [y[j] for j in range(WINDOW)])
    y = _combine(OUTPUT_TRANSFORM, [y[:, i] for i in range(WINDOW)])
    y = y.reshape(TILE, TILE, batch, down, across, -1).transpose(2, 3, 0, 4, 1, 5)
    y = y.reshape(batch, down * TILE, across * TILE, -1)
    return y[:, :height, :width].astype(x.dtype)


def _each_tile(x: jax.Array, offset: int, tiles: int, axis: int) -> jax.Array:
    """What lies at one offset in every tile's window."""
    return lax.slice_in_dim(x, offset, offset + (tiles - 1) * TILE + 1, TILE, axis)


def _combine(matrix: Sequence[Sequence[float]], parts: Sequence[jax.Array]) -> jax.Array:
    """The matrix times a vector of arrays, stacked along a new first axis."""
    return jnp.stack(
        [
            sum(factor * part for factor, part in zip(row, parts, strict=True) if factor)
            for row in matrix
        ]
    )
