"""The frozen network as a Flax module: pixels in, named feature maps out."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from nstjax.errors import UserError
from nstjax.vgg.architecture import trunk
from nstjax.vgg.convolution import (
    PADDINGS,
    POOLINGS,
    Method,
    adjoint_kernel,
    average_pool,
    convolve,
    relu,
)
from nstjax.vgg.forms import FORMS
from nstjax.vgg.preprocess import Preprocessing, preprocess
from nstjax.vgg.weights import Weights


class Frozen(nnx.Variable):
    """A weight that is never trained."""


class Convolution(nnx.Module):
    """A frozen 3x3 convolution with its adjoint kernel at hand for the gradient."""

    def __init__(self, kernel: jax.Array, bias: jax.Array, method: Method):
        self.correlate = method.correlate
        self.kernel = Frozen(method.prepare(kernel))
        self.adjoint = Frozen(method.prepare(adjoint_kernel(kernel)))
        self.bias = Frozen(bias)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`(B, H, W, I) -> (B, H, W, O)`."""
        return convolve(self.correlate, x, self.kernel[...], self.bias[...], self.adjoint[...])


class VGG(nnx.Module):
    """The convolutional trunk of VGG16 or VGG19 up to the deepest wanted layer.

    Args:
        weights: a converted network; see `nstjax.vgg.load_weights`.
        layers: names of the wanted layers, such as `("relu1_1", "conv4_2", "pool5")`.
        pooling: `average`, `max` or `l2`, the root mean square.
        padding: what the first layer sees around the picture: `zeros`, or `replicate` or `reflect` its
            border.
        form: a name of `FORMS`; see `form_for`.
        dtype: type of the weights and feature maps; the pixels stay float32.

    Raises `UserError` for a layer, pooling or padding that does not exist.
    """

    def __init__(
        self,
        weights: Weights,
        layers: tuple[str, ...],
        *,
        pooling: str = "average",
        padding: str = "zeros",
        form: str = "plain",
        dtype: jax.typing.DTypeLike = jnp.float32,
    ):
        if pooling not in POOLINGS:
            raise UserError(f"unknown pooling {pooling!r}: use one of {', '.join(POOLINGS)}")
        if padding not in PADDINGS:
            raise UserError(f"unknown padding {padding!r}: use one of {', '.join(PADDINGS)}")
        self.layers = layers
        self.trunk = trunk(weights.architecture, layers, weights.last_layer)
        self.pooling = pooling
        self.padding = padding
        self.form = form
        self.preprocessing: Preprocessing = weights.preprocessing
        self.dtype = jnp.dtype(dtype)
        self.convolutions = nnx.Dict(
            {
                layer.name: self._convolution(weights, layer.suffix)
                for layer in self.trunk
                if layer.kind == "conv"
            }
        )

    def _convolution(self, weights: Weights, suffix: str) -> Convolution:
        kernel = jnp.asarray(weights.kernel(suffix), self.dtype)
        bias = jnp.asarray(weights.bias(suffix), self.dtype)
        return Convolution(kernel, bias, FORMS[self.form].method(kernel))

    def carry_mask(self, mask: jax.Array | np.ndarray) -> dict[str, jax.Array]:
        """A mask `(H, W)` of the pixels as each wanted layer's positions have it: `{name: (H', W')}`.

        A position gets the mean over the pixels that the poolings before it join, whatever the pooling.
        """
        x = jnp.asarray(mask)[jnp.newaxis, :, :, jnp.newaxis]
        masks = {}
        for layer in self.trunk:
            x = average_pool(x) if layer.kind == "pool" else x
            if layer.name in self.layers:
                masks[layer.name] = x[0, ..., 0]
        return masks

    def __call__(self, pixels: jax.Array) -> dict[str, jax.Array]:
        """Feature maps `{"relu1_1": (B, H, W, C), ...}` of pixels `(B, H, W, 3)`, sRGB in [0, 1]."""
        x = preprocess(pixels, self.preprocessing).astype(self.dtype)
        features = {}
        for layer in self.trunk:
            if layer.kind == "conv":
                pad = PADDINGS[self.padding if layer is self.trunk[0] else "zeros"]
                x = pad(self.convolutions[layer.name], x)
            elif layer.kind == "relu":
                x = relu(x)
            else:
                x = POOLINGS[self.pooling](x)
            if layer.name in self.layers:
                features[layer.name] = x
        return features
