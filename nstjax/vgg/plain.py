"""The network's convolutions of a feature map as it comes: one strip, one fold."""

import jax
import jax.numpy as jnp
from flax import nnx

from nstjax.feature_map import FeatureMap
from nstjax.vgg.convolution import (
    DIRECT,
    Method,
    adjoint_kernel,
    convolve,
    convolve_inside,
    pad_border,
)
from nstjax.vgg.frozen import Frozen


class PlainConvolution(nnx.Module):
    """A frozen 3x3 convolution with zero padding, and its adjoint kernel at hand for the gradient."""

    def __init__(self, kernel: jax.Array, bias: jax.Array, method: Method):
        self.correlate = method.correlate
        self.kernel = Frozen(method.prepare(kernel))
        self.adjoint = Frozen(method.prepare(adjoint_kernel(kernel)))
        self.bias = Frozen(bias)

    def __call__(self, x: FeatureMap) -> FeatureMap:
        """The feature map of as many positions."""
        return FeatureMap(self.of_values(x.values), x.height)

    def of_values(self, values: jax.Array) -> jax.Array:
        """`(B, H, W, I) -> (B, H, W, O)`."""
        return convolve(self.correlate, values, self.kernel[...], self.bias[...], self.adjoint[...])


class FirstPlainConvolution(nnx.Module):
    """The first convolution: of pixels, which may go on beyond the picture.

    Direct, since three channels are too few for any other method.
    """

    def __init__(self, kernel: jax.Array, bias: jax.Array, padding: str):
        self.convolution = PlainConvolution(kernel, bias, DIRECT)
        self.padding = padding

    def __call__(self, pixels: jax.Array) -> FeatureMap:
        """The first feature map of preprocessed pixels `(H, W, 3)`."""
        x = pixels.astype(self.convolution.bias.dtype)[jnp.newaxis]
        if self.padding == "zeros":
            values = self.convolution.of_values(x)
        else:
            frozen = self.convolution
            arrays = (frozen.kernel[...], frozen.bias[...], frozen.adjoint[...])
            values = convolve_inside(pad_border(self.padding, x), *arrays)
        return FeatureMap(values, len(pixels))
