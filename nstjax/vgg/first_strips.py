"""The first convolution of a picture in strips: from pixels to folds, a block of columns at a time.

A row of 3 channels leaves a TPU's tiles nearly empty. Pixels of 18 columns beside each other are 54
channels, of two folds 108, and give 16 columns of two folds with 64 channels each. The kernel is that of
3x3, moved along by a column for each of the 16: `(3, 1, 108, 2048)`.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax
from jax.experimental.layout import Layout, with_layout_constraint

from nstjax.feature_map import FeatureMap
from nstjax.vgg.convolution import LAYOUT, adjoint_kernel, pad_border
from nstjax.vgg.frozen import Frozen
from nstjax.vgg.strips import STRIPS, folds_of, with_borders

COLUMNS = 16  # of a block
FOLDED_POOLINGS = 2  # behind the stages that `folds_of` gives folds


class FirstStripConvolution(nnx.Module):
    """The first 3x3 convolution, which cuts the pixels into strips.

    Args:
        kernel: `(3, 3, 3, N)`.
        bias: `(N,)`.
        padding: a name of `PADDINGS`.
        poolings: of the network; every fold stays whole behind them.
    """

    def __init__(self, kernel: jax.Array, bias: jax.Array, padding: str, poolings: int):
        self.folds = folds_of(kernel.shape[3])
        self.padding = padding
        # Rows of a strip: the poolings halve them, the first two of them within a fold.
        self.unit = max(2**poolings, self.folds * 2 ** min(poolings, FOLDED_POOLINGS))
        self.kernel = Frozen(block_kernel(kernel, self.folds))
        self.adjoint = Frozen(adjoint_kernel(self.kernel[...]))
        self.bias = Frozen(jnp.tile(bias, self.folds))

    def __call__(self, pixels: jax.Array) -> FeatureMap:
        """The first feature map of preprocessed pixels `(H, W, 3)`."""
        height, width, _ = pixels.shape
        rows = self.unit * math.ceil(height / (self.unit * STRIPS))
        strips = math.ceil(height / rows)
        blocks = math.ceil(width / COLUMNS)
        bordered = pad_border(self.padding, pixels).astype(self.bias.dtype)
        beyond = strips * rows - height, blocks * COLUMNS - width
        columns = _in_blocks(jnp.pad(bordered, [(0, more) for more in (*beyond, 0)]), blocks)
        # The first row is above all strips, and one row is below them.
        above, below = (columns[row][jnp.newaxis, jnp.newaxis] for row in (0, -1))
        if self.padding == "zeros":  # known to all devices that share the rows
            above, below = jnp.zeros_like(above), jnp.zeros_like(below)
        parts = columns[1:-1].reshape(strips, self.folds, rows // self.folds, blocks, -1)
        parts = parts.transpose(0, 2, 3, 1, 4)
        x = parts.reshape(*parts.shape[:3], -1)
        x = with_borders(self.folds, x, above, below)
        values = _convolve_blocks(x, self.kernel[...], self.bias[...], self.adjoint[...])
        return FeatureMap(values[:, :, :width], height, self.folds).cleared()


def block_kernel(kernel: jax.Array, folds: int) -> jax.Array:
    """`(3, 3, I, O)` to that of a block of folds: `(3, 1, p 18 I, 16 p O)`.

    Of a block's 18 columns the j-th of its 16 outputs sees j, j + 1 and j + 2; each fold its own.
    """
    places = np.arange(COLUMNS + 2)[:, np.newaxis] - np.arange(COLUMNS)
    sees = places[..., np.newaxis] == np.arange(3)  # (18, 16, 3)
    sees, own = (jnp.asarray(each, kernel.dtype) for each in (sees, np.eye(folds)))
    blocks = jnp.einsum("qjx,fg,yxio->yfqijgo", sees, own, kernel)
    inputs, outputs = folds * (COLUMNS + 2) * kernel.shape[2], COLUMNS * folds * kernel.shape[3]
    return blocks.reshape(3, 1, inputs, outputs)


def _in_blocks(pixels: jax.Array, blocks: int) -> jax.Array:
    """Blocks that share two columns with the next: `(R, 16 n + 2, C) -> (R, n, 18 C)`."""
    rows, _, channels = pixels.shape
    first = pixels[:, :-2].reshape(rows, blocks, COLUMNS, channels)
    second = pixels[:, 2:].reshape(rows, blocks, COLUMNS, channels)
    return jnp.concatenate([first, second[:, :, -2:]], 2).reshape(rows, blocks, -1)


@jax.custom_vjp
def _convolve_blocks(
    x: jax.Array, kernel: jax.Array, bias: jax.Array, adjoint: jax.Array
) -> jax.Array:
    """`x * kernel + bias` without padding, the blocks' columns told apart: `(S, h, 16 n, p O)`.

    Args:
        x: `(S, h + 2, n, p 18 I)`.
        kernel: `(3, 1, p 18 I, 16 p O)`.
        bias: `(p O,)`.
        adjoint: that of the kernel, for the gradient.
    """
    del adjoint
    blocks = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=LAYOUT)
    blocks = blocks + jnp.tile(bias, COLUMNS)
    return blocks.reshape(*blocks.shape[:2], -1, len(bias))


def _batch_in_tiles(x: jax.Array) -> jax.Array:
    return with_layout_constraint(x, Layout(major_to_minor=(1, 2, 0, 3)))


def _convolve_blocks_forward(x, kernel, bias, adjoint):
    return _convolve_blocks(x, kernel, bias, adjoint), adjoint


def _convolve_blocks_backward(adjoint, cotangent):
    cotangent = _batch_in_tiles(cotangent)
    blocks = cotangent.reshape(*cotangent.shape[:2], -1, adjoint.shape[2])
    padding = ((2, 2), (0, 0))
    pixels = lax.conv_general_dilated(blocks, adjoint, (1, 1), padding, dimension_numbers=LAYOUT)
    return pixels, None, None, None


_convolve_blocks.defvjp(_convolve_blocks_forward, _convolve_blocks_backward)
