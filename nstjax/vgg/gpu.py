"""What a GPU needs written otherwise, so that few kernels read and write the large maps.

All of it is about gradients: what its compiler would store in between, and store again for another use.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jax.custom_derivatives import SymbolicZero

from nstjax.feature_map import FeatureMap, Sums
from nstjax.vgg.convolution import DIRECT, largest_of_blocks
from nstjax.vgg.masked_product import masked_product
from nstjax.vgg.plain import PlainConvolution


@jax.custom_vjp
def apart(x: jax.Array) -> jax.Array:
    """x itself, its gradient stored before anything is added to it.

    cuDNN adds to a convolution what another kernel wrote; here the other terms of the sum, and the mask
    behind it, take a pass together.
    """
    return x


apart.defvjp(lambda x: (x, None), lambda _, cotangent: (lax.optimization_barrier(cotangent),))


class GpuConvolution(nnx.Module):
    """A frozen 3x3 convolution by cuDNN."""

    def __init__(self, kernel: jax.Array, bias: jax.Array):
        self.convolution = PlainConvolution(kernel, bias, DIRECT)

    def __call__(self, x: FeatureMap) -> FeatureMap:
        """The feature map of as many positions."""
        return self.convolution(FeatureMap(apart(x.values), x.height))


@jax.custom_vjp
def _relu_and_sums(x: jax.Array) -> tuple[jax.Array, Sums]:
    y = jnp.maximum(x, 0)
    return y, Sums(
        jnp.sum(y, (0, 1, 2), dtype=jnp.float32),
        jnp.einsum("shwm,shwn->mn", y, y, preferred_element_type=jnp.float32),
    )


def _relu_and_sums_forward(x):
    y, sums = _relu_and_sums(x.value)
    # As in `relu`: the pre-activation must not have a second use.
    return (y, sums), lax.optimization_barrier(y)


def _relu_and_sums_backward(y, cotangents):
    gradient, (row, matrix) = cotangents
    if isinstance(matrix, SymbolicZero) and isinstance(row, SymbolicZero):
        return (jnp.where(y > 0, _instantiated(gradient), 0),)
    # The gradient of sum_i f_i f_i^T is F (D + D^T).
    matrix = _instantiated(matrix)
    symmetric = (matrix + matrix.T).astype(y.dtype)
    return (masked_product(y, _instantiated(gradient), symmetric, _instantiated(row)),)


def _instantiated(cotangent: Any) -> jax.Array:
    if isinstance(cotangent, SymbolicZero):
        return jnp.zeros_like(cotangent)  # type: ignore[arg-type]
    return cotangent


_relu_and_sums.defvjp(_relu_and_sums_forward, _relu_and_sums_backward, symbolic_zeros=True)


def relu_and_sums(x: FeatureMap) -> FeatureMap:
    """The ReLU of a plain map that losses will see, and the sums that they may ask for.

    One operation, since the gradients of both are one pass. A sum that nobody asks for is not computed.
    """
    values, sums = _relu_and_sums(x.values)
    return FeatureMap(values, x.height, sums=sums)


@jax.custom_vjp
def max_pool_one_pass(x: jax.Array) -> jax.Array:
    """`max_pool`, its gradient from each block alone; all equal maxima share it alike."""
    return largest_of_blocks(x)


def _max_pool_backward(x, cotangent):
    height, width = cotangent.shape[1] * 2, cotangent.shape[2] * 2
    corners = [x[:, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]
    largest = functools.reduce(jnp.maximum, corners)
    maxima = sum((corner == largest).astype(x.dtype) for corner in corners)
    shared = cotangent / maxima
    # Not `x == largest` with both spread over blocks: XLA stored largest and shared for that.
    gradients = [jnp.where(corner == largest, shared, 0) for corner in corners]
    rest = [(0, 0), (0, x.shape[1] - height), (0, x.shape[2] - width), (0, 0)]
    return (jnp.pad(_joined(gradients, (height, width)), rest),)


max_pool_one_pass.defvjp(lambda x: (largest_of_blocks(x), x), _max_pool_backward)


def _joined(corners: list[jax.Array], sides: tuple[int, int]) -> jax.Array:
    """The four corners of 2x2 blocks in their places: four of `(B, h, w, C) -> (B, 2h, 2w, C)`."""
    rows = [jnp.stack(corners[:2], 3), jnp.stack(corners[2:], 3)]
    return jnp.stack(rows, 2).reshape(corners[0].shape[0], *sides, corners[0].shape[-1])
