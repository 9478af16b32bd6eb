"""The network for one picture on a TPU, whose units are filled by a batch and by many channels.

A TPU lays a feature map out in tiles of 8 x 128: batch times channels. Of a batch of one its compiler
makes eight strips before each convolution and joins them behind it, which takes more time than the
convolution; and the 64 channels of the first stage leave half of each tile empty. Here the picture is
cut once (`FeatureMap` says how):

- into up to 8 strips of rows, which stay a batch from the first layer to the last. Before a convolution
  each gets a row from both neighbors: `concatenate([previous, x, next])`, which the compiler makes
  part of the convolution. Beyond the picture there are zeros.
- in the first stage each strip into two folds side by side in the channels. A convolution of folds has a
  block-diagonal kernel; what its zeros multiply would else be multiplied with empty channels.
"""

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from nstjax.feature_map import FeatureMap, block_diagonal
from nstjax.vgg.convolution import LAYOUT, adjoint_kernel, convolve, pad_border
from nstjax.vgg.frozen import Frozen

STRIPS = 8
LANES = 128


def folds_of(channels: int) -> int:
    """How many folds fill the lanes."""
    return max(1, LANES // channels)


@dataclass(frozen=True)
class StripCorrelation:
    """`x * kernel` of the whole picture: `(S, h, W, p I)` and `(3, 3, p I, p O)` to `(S, h, W, p O)`."""

    folds: int

    def __call__(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """The convolution, without bias."""
        previous, following = self._borders(x)
        rows = jnp.concatenate([previous, x, following], -3)
        return _correlate(rows, kernel, across=1)

    def _borders(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The rows above and below each fold: of another in its strip, or of the next strip."""
        channels = x.shape[-1] // self.folds
        first, last = x[:, :1], x[:, -1:]
        outside = jnp.zeros_like(first[:1, ..., :channels])
        previous = jnp.concatenate([outside, last[:-1, ..., -channels:]], 0)
        following = jnp.concatenate([first[1:, ..., :channels], outside], 0)
        if self.folds > 1:
            previous = jnp.concatenate([previous, last[..., :-channels]], -1)
            following = jnp.concatenate([first[..., channels:], following], -1)
        return previous, following


def _correlate(x: jax.Array, kernel: jax.Array, *, across: int) -> jax.Array:
    padding = ((0, 0), (across, across))
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=LAYOUT)


class StripConvolution(nnx.Module):
    """A frozen 3x3 convolution with zero padding of a picture in strips."""

    def __init__(self, kernel: jax.Array, bias: jax.Array):
        self.folds = folds_of(kernel.shape[2])
        self.correlate = StripCorrelation(self.folds)
        self.kernel = Frozen(block_diagonal(kernel, self.folds))
        self.adjoint = Frozen(block_diagonal(adjoint_kernel(kernel), self.folds))
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


class FirstStripConvolution(nnx.Module):
    """The first 3x3 convolution: cuts the pixels into strips.

    The three rows under the kernel become channels while the pixels are still three planes, whose rows
    fill the lanes: that leaves a kernel of 1x3, and one transposition each way.

    Args:
        kernel: `(3, 3, 3, N)`.
        bias: `(N,)`.
        padding: a name of `PADDINGS`.
        poolings: of the network; every strip stays whole behind them.
    """

    def __init__(self, kernel: jax.Array, bias: jax.Array, padding: str, poolings: int):
        self.folds = folds_of(kernel.shape[3])
        self.padding = padding
        self.unit = max(2**poolings, 2 * self.folds)  # rows of a strip are a multiple of this
        # (3, 3, I, O) -> (1, 3, 3 I, O): rows are channels.
        columns = kernel.transpose(1, 0, 2, 3).reshape(1, 3, 3 * kernel.shape[2], kernel.shape[3])
        self.kernel = Frozen(block_diagonal(columns, self.folds))
        # (3, 3, I, O) -> (p O, p 9 I), from the channels to what each position of the kernel gives.
        taps = kernel.transpose(3, 0, 1, 2).reshape(kernel.shape[3], -1)
        self.adjoint = Frozen(block_diagonal(taps, self.folds))
        self.bias = Frozen(jnp.tile(bias, self.folds))

    def __call__(self, pixels: jax.Array) -> FeatureMap:
        """The first feature map of preprocessed pixels `(H, W, 3)`."""
        height = pixels.shape[0]
        rows = self.unit * math.ceil(height / (self.unit * STRIPS))
        strips = math.ceil(height / rows)
        planes = pad_border(self.padding, pixels).transpose(2, 0, 1)
        planes = jnp.concatenate([planes[:, row : row + height] for row in range(3)])
        planes = jnp.pad(planes, ((0, 0), (0, strips * rows - height), (0, 0)))
        arrays = (self.kernel[...], self.bias[...], self.adjoint[...])
        values = _convolve_planes((strips, self.folds), planes, *arrays)
        return FeatureMap(values, height, self.folds).cleared()


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _convolve_planes(
    cut: tuple[int, int], planes: jax.Array, kernel: jax.Array, bias: jax.Array, adjoint: jax.Array
) -> jax.Array:
    """`x * kernel + bias` without padding of planes `(I, S p h, W + 2)`, cut into S strips of p folds.

    The planes are float32, whatever the kernel's type `(1, 3, p I, p O)`, and so is their gradient.

    Returns: `(S, h, W, p O)`.
    """
    del adjoint  # for the gradient alone
    inputs, _, width = planes.shape
    strips, folds = cut
    parts = (
        planes.astype(kernel.dtype)
        .reshape(inputs, strips, folds, -1, width)
        .transpose(1, 3, 4, 2, 0)
    )
    x = parts.reshape(*parts.shape[:3], folds * inputs)
    return _correlate(x, kernel, across=0) + bias


def _convolve_planes_forward(cut, planes, kernel, bias, adjoint):
    return _convolve_planes(cut, planes, kernel, bias, adjoint), adjoint


def _convolve_planes_backward(cut, adjoint, cotangent):
    # What each channel gives to each of the nine positions under the kernel, as planes, whose rows fill
    # the lanes: one product. Then the planes are added where they belong.
    strips, folds = cut
    taps = jnp.einsum("shwn,nt->tshw", cotangent, adjoint)
    _, _, rows, width = taps.shape
    taps = taps.reshape(folds, 3, 3, -1, strips, rows, width).transpose(1, 2, 3, 4, 0, 5, 6)
    taps = lax.optimization_barrier(taps.reshape(3, 3, -1, strips * folds * rows, width))
    columns = [jnp.pad(taps[:, j], [(0, 0)] * 3 + [(j, 2 - j)]) for j in range(3)]
    planes = sum(column.astype(jnp.float32) for column in columns)
    return planes.reshape(-1, *planes.shape[2:]), None, None, None


_convolve_planes.defvjp(_convolve_planes_forward, _convolve_planes_backward)
