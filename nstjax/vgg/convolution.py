"""Convolution, ReLU and pooling with gradients written for a network that is never trained.

Only the gradient with respect to the input is needed, so each operation here states its own. The
arrays are `(B, H, W, C)`, kernels HWIO.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from nstjax.vgg.winograd import correlate_tiles, transform_kernel

LAYOUT = ("NHWC", "HWIO", "NHWC")


def adjoint_kernel(kernel: jax.Array) -> jax.Array:
    """The kernel whose plain convolution is the transpose of this one's: `(3, 3, I, O) -> (3, 3, O, I)`.

    For odd kernels, stride 1 and zero padding, d/dx <g, x * k> = g * flip(k)^T.
    """
    return jnp.flip(kernel, (0, 1)).swapaxes(2, 3)


def _correlate(x: jax.Array, kernel: jax.Array, zeros: int = 1) -> jax.Array:
    """The sum over shifted maps, so many rows and columns of zeros around them."""
    padding = ((zeros, zeros), (zeros, zeros))
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=LAYOUT)


class Method(NamedTuple):
    """A way to compute `x * kernel` with zero padding, `(B, H, W, I) -> (B, H, W, O)`."""

    prepare: Callable[[jax.Array], jax.Array]  # done once with each kernel (3, 3, I, O)
    correlate: Callable[[jax.Array, jax.Array], jax.Array]  # x and a prepared kernel


DIRECT = Method(jnp.asarray, _correlate)
WINOGRAD = Method(transform_kernel, correlate_tiles)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def convolve(
    correlate: Callable[[jax.Array, jax.Array], jax.Array],
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array,
    adjoint: jax.Array,
) -> jax.Array:
    """`x * kernel + bias` with zero padding: `(B, H, W, I) -> (B, H, W, O)`.

    Its gradient is again a plain forward convolution, by `adjoint_kernel(kernel)`, made once outside
    the loop: XLA on the CPU computes its own transposed convolution several times slower inside
    `scan` or `while_loop`. There is no gradient for the weights: they are frozen.

    Args:
        correlate: a `Method`'s.
        x: feature map.
        kernel: prepared by that method.
        bias: `(O,)`.
        adjoint: the kernel's adjoint, prepared likewise.
    """
    del adjoint  # for the gradient alone
    return correlate(x, kernel) + bias


def _convolve_forward(correlate, x, kernel, bias, adjoint):
    return convolve(correlate, x, kernel, bias, adjoint), adjoint


def _convolve_backward(correlate, adjoint, cotangent):
    return correlate(cotangent, adjoint), None, None, None


convolve.defvjp(_convolve_forward, _convolve_backward)


@jax.custom_vjp
def convolve_inside(
    x: jax.Array, kernel: jax.Array, bias: jax.Array, adjoint: jax.Array
) -> jax.Array:
    """`x * kernel + bias` of what has a border already: `(B, H + 2, W + 2, I) -> (B, H, W, O)`."""
    del adjoint
    return _correlate(x, kernel, zeros=0) + bias


def _convolve_inside_forward(x, kernel, bias, adjoint):
    return convolve_inside(x, kernel, bias, adjoint), adjoint


def _convolve_inside_backward(adjoint, cotangent):
    return _correlate(cotangent, adjoint, zeros=2), None, None, None


convolve_inside.defvjp(_convolve_inside_forward, _convolve_inside_backward)


@jax.custom_vjp
def relu(x: jax.Array) -> jax.Array:
    """`max(x, 0)`, with gradient 1 where the *output* is positive.

    Masking by the output leaves the pre-activation with a single use, so that it is never stored and
    a GPU can fuse convolution, bias and ReLU into one kernel.
    """
    return jnp.maximum(x, 0)


def _relu_forward(x):
    y = relu(x)
    # Else the compiler turned `max(x, 0) > 0` into `x > 0`, and the pre-activation had a second use.
    return y, lax.optimization_barrier(y)


def _relu_backward(y, cotangent):
    return (jnp.where(y > 0, cotangent, 0),)


relu.defvjp(_relu_forward, _relu_backward)


BLOCK = (1, 2, 2, 1)  # what a pooling joins


def average_pool(x: jax.Array) -> jax.Array:
    """Mean of each 2x2 block: `(B, H, W, C) -> (B, H // 2, W // 2, C)`.

    `reduce_window`, not a reshape: a reshape gathers the whole picture when its height is sharded.
    """
    return lax.reduce_window(x, 0.0, lax.add, BLOCK, BLOCK, "VALID") * 0.25


def max_pool(x: jax.Array) -> jax.Array:
    """Maximum of each 2x2 block: `(B, H, W, C) -> (B, H // 2, W // 2, C)`.

    Written as three maxima of strided slices: the gradient of `reduce_window`'s maximum is a scatter,
    which is slow and on a GPU not deterministic. Equal maxima share their gradient: two equally, and of
    three one takes half.
    """
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    top, bottom = x[:, 0:height:2], x[:, 1:height:2]
    rows = jnp.maximum(top, bottom)
    return jnp.maximum(rows[:, :, 0:width:2], rows[:, :, 1:width:2])


def largest_of_blocks(x: jax.Array) -> jax.Array:
    """The values of `max_pool` in one operation, for forms that state its gradient themselves."""
    return lax.reduce_window(x, -jnp.inf, lax.max, BLOCK, BLOCK, "VALID")


def l2_pool(x: jax.Array) -> jax.Array:
    """Root mean square of each 2x2 block: `(B, H, W, C) -> (B, H // 2, W // 2, C)`."""
    square = average_pool(jnp.square(x))
    # Blocks of zeros are common behind a ReLU, and the root has no derivative there.
    plain = square == 0
    return jnp.where(plain, 0, jnp.sqrt(jnp.where(plain, 1, square)))


# Names of `np.pad` for what the first convolution sees around the picture.
PADDINGS = {
    "zeros": "constant",
    "replicate": "edge",  # the outermost positions again
    "reflect": "reflect",  # those inside them, mirrored
}


def pad_border(padding: str, x: jax.Array) -> jax.Array:
    """One position more on each side: `(..., H, W, C) -> (..., H + 2, W + 2, C)`."""
    widths = [(0, 0)] * (x.ndim - 3) + [(1, 1), (1, 1), (0, 0)]
    return jnp.pad(x, widths, mode=PADDINGS[padding])


POOLINGS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "average": average_pool,  # Gatys et al. 2016: better gradient flow, smoother pictures
    "max": max_pool,  # what the networks were trained with
    "l2": l2_pool,  # between the two
}
