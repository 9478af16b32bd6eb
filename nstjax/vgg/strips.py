"""The network for one picture on a TPU, whose units are filled by a batch and by many channels.

A TPU lays a feature map out in tiles of 8 x 128: batch times channels. Of a batch of one its compiler
makes eight strips before each convolution and joins them behind it, which takes more time than the
convolution; the 64 channels of the first stage leave half of each tile empty, and three leave nearly all
of it. Here the picture is cut once (`FeatureMap` says how):

- into up to 8 strips of rows, which stay a batch from the first layer to the last. Before a convolution
  each gets a row from both neighbors: `concatenate([previous, x, next])`, which the compiler makes
  part of the convolution. Beyond the picture there are zeros.
- in the first two stages each strip into two folds side by side in the channels. Of 64 channels they
  share a tile, and a convolution has a block-diagonal kernel; what its zeros multiply would else be
  multiplied with empty channels. Of 128 they are two groups, and are joined where they are smallest.
- for the first convolution also into blocks of columns side by side in the channels: pixels of 18
  columns to features of 16. In a TPU's memory that is the same as features of single columns.
"""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from nstjax.feature_map import LANES, FeatureMap, block_diagonal
from nstjax.vgg.convolution import BLOCK, LAYOUT, adjoint_kernel, convolve, largest_of_blocks
from nstjax.vgg.frozen import Frozen

STRIPS = 8


FOLDS = 2


def folds_of(outputs: int) -> int:
    """How many folds a convolution with so many channels has."""
    return FOLDS if outputs <= LANES else 1


@dataclass(frozen=True)
class StripCorrelation:
    """`x * kernel` of the whole picture: `(S, h, W, p I)` and a kernel of folds to `(S, h, W, p O)`."""

    folds: int

    def __call__(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """The convolution with zero padding, without bias."""
        outside = jnp.zeros_like(x[:1, :1, :, : x.shape[-1] // self.folds])
        rows = with_borders(self.folds, x, outside, outside)
        return lax.conv_general_dilated(
            rows,
            kernel,
            (1, 1),
            ((0, 0), (1, 1)),
            dimension_numbers=LAYOUT,
            feature_group_count=x.shape[-1] // kernel.shape[2],
        )


def with_borders(folds: int, x: jax.Array, above: jax.Array, below: jax.Array) -> jax.Array:
    """Each fold with the row before it and the row behind it: `(S, h, W, p C) -> (S, h + 2, W, p C)`.

    They are of another fold of the strip or of the next strip; `above` and `below` the picture they are
    given, `(1, 1, W, C)`.
    """
    channels = x.shape[-1] // folds
    first, last = x[:, :1], x[:, -1:]
    previous = jnp.concatenate([above, last[:-1, ..., -channels:]], 0)
    following = jnp.concatenate([first[1:, ..., :channels], below], 0)
    if folds > 1:
        previous = jnp.concatenate([previous, last[..., :-channels]], -1)
        following = jnp.concatenate([first[..., channels:], following], -1)
    return jnp.concatenate([previous, x, following], 1)


def folded(kernel: jax.Array, folds: int) -> jax.Array:
    """A kernel `(3, 3, I, O)` for each fold: `(3, 3, p I, p O)`, or of groups `(3, 3, I, p O)`."""
    if any(channels % LANES for channels in kernel.shape[2:]):  # folds that share a tile
        return block_diagonal(kernel, folds)
    return jnp.tile(kernel, folds)


class StripConvolution(nnx.Module):
    """A frozen 3x3 convolution with zero padding of a picture in strips."""

    def __init__(self, kernel: jax.Array, bias: jax.Array):
        self.folds = folds_of(kernel.shape[3])
        self.correlate = StripCorrelation(self.folds)
        self.kernel = Frozen(folded(kernel, self.folds))
        self.adjoint = Frozen(folded(adjoint_kernel(kernel), self.folds))
        self.bias = Frozen(jnp.tile(bias, self.folds))

    def __call__(self, x: FeatureMap) -> FeatureMap:
        """The feature map, its rows beyond the picture zero again."""
        x = unfolded(x, self.folds)
        arrays = (self.kernel[...], self.bias[...], self.adjoint[...])
        return FeatureMap(convolve(self.correlate, x.values, *arrays), x.height, x.folds).cleared()


def unfolded(x: FeatureMap, folds: int) -> FeatureMap:
    """The map in fewer folds, each of as many rows more."""
    if folds == x.folds:
        return x
    return FeatureMap(_unfold(x.folds, folds, x.values), x.height, folds)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _unfold(before: int, after: int, values: jax.Array) -> jax.Array:
    """`(S, h, W, p N)` with p folds before, `(S, h p / q, W, q N)` with q after."""
    parts = jnp.split(values, before, -1)
    joined = before // after
    groups = [parts[first : first + joined] for first in range(0, before, joined)]
    return jnp.concatenate([jnp.concatenate(group, 1) for group in groups], -1)


def _unfold_forward(before, after, values):
    return _unfold(before, after, values), None


def _unfold_backward(before, after, _, cotangent):
    # As a concatenation; the transpose of the slices would be a sum of padded arrays.
    parts = [jnp.split(fold, before // after, 1) for fold in jnp.split(cotangent, after, -1)]
    return (jnp.concatenate([part for group in parts for part in group], -1),)


_unfold.defvjp(_unfold_forward, _unfold_backward)


@jax.custom_vjp
def max_pool_of_strips(x: jax.Array) -> jax.Array:
    """`max_pool`, its gradient without slices and pads; all equal maxima share it alike."""
    return largest_of_blocks(x)


def _max_pool_forward(x):
    y = largest_of_blocks(x)
    return y, (x, y)


def _max_pool_backward(x_and_y, cotangent):
    x, y = x_and_y
    height, width = y.shape[1] * 2, y.shape[2] * 2
    corners = [x[:, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]
    maxima = sum((corner == y).astype(x.dtype) for corner in corners)
    shared = _to_blocks(cotangent / maxima, x.shape)
    return (jnp.where(x == _to_blocks(y, x.shape), shared, 0),)


max_pool_of_strips.defvjp(_max_pool_forward, _max_pool_backward)


def _to_blocks(y: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Each value in its whole 2x2 block, and zeros in a row and a column that no block has.

    Zeros between the values and then sums over windows: the transpose of `average_pool`.
    """
    halves = zip(shape[1:3], y.shape[1:3], strict=True)
    # Of nothing nothing lies between, either.
    rest = [(1, 1 + size - 2 * half - (half == 0)) for size, half in halves]
    padding = ((0, 0), *rest, (0, 0))
    return lax.reduce_window(y, 0.0, lax.add, BLOCK, (1, 1, 1, 1), padding, base_dilation=BLOCK)
