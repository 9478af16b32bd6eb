"""The frozen network as a Flax module: pixels in, named feature maps out."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from nstjax.errors import UserError
from nstjax.feature_map import FeatureMap
from nstjax.vgg.architecture import Layer, trunk
from nstjax.vgg.convolution import PADDINGS, POOLINGS, average_pool
from nstjax.vgg.forms import FORMS, plain_relu
from nstjax.vgg.preprocess import Preprocessing, preprocess
from nstjax.vgg.weights import Weights


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
                layer.name: self._convolution(weights, layer)
                for layer in self.trunk
                if layer.kind == "conv"
            }
        )

    def _convolution(self, weights: Weights, layer: Layer) -> nnx.Module:
        kernel = jnp.asarray(weights.kernel(layer.suffix), self.dtype)
        bias = jnp.asarray(weights.bias(layer.suffix), self.dtype)
        form = FORMS[self.form]
        if layer is not self.trunk[0]:
            return form.deeper(kernel, bias)
        poolings = sum(each.kind == "pool" for each in self.trunk)
        return form.first(kernel, bias, self.padding, poolings)

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

        def plain(pixels: jax.Array) -> dict[str, jax.Array]:
            return {name: found.plain for name, found in self.feature_maps(pixels).items()}

        return jax.vmap(plain)(jnp.asarray(pixels))

    def feature_maps(self, pixels: jax.Array) -> dict[str, FeatureMap]:
        """The wanted feature maps of one picture `(H, W, 3)`, as the network's form lays them out."""
        x = preprocess(pixels, self.preprocessing)
        features = {}
        for layer in self.trunk:
            x = self._apply(layer, x)
            if layer.name in self.layers:
                features[layer.name] = x
        return features

    def _apply(self, layer: Layer, x: Any) -> FeatureMap:
        if layer.kind == "conv":
            return self.convolutions[layer.name](x)
        form = FORMS[self.form]
        if layer.kind == "relu":
            return form.seen_relu(x) if layer.name in self.layers else plain_relu(x)
        pooled = form.poolings[self.pooling](x.values)
        return FeatureMap(pooled, x.height // 2, x.folds).cleared()
