"""How many floating-point operations a step needs, counted by hand from the network's shapes."""

from nstjax.settings import Settings
from nstjax.vgg.architecture import trunk


def convolution_flops(inputs: int, outputs: int, height: int, width: int) -> int:
    """`2 * 9 I O H W`: a multiplication and an addition for each weight at each position."""
    return 2 * 9 * inputs * outputs * height * width


def gram_flops(channels: int, positions: int) -> int:
    """`2 N^2 M`, all entries of the symmetric matrix counted."""
    return 2 * channels**2 * positions


def step_flops(architecture: str, settings: Settings, height: int, width: int) -> int:
    """Loss and gradient of a picture of `height` x `width` pixels.

    Every convolution and every Gram matrix costs as much again on the way back: the gradient goes to
    the pixels alone, for the weights are frozen, and that of a Gram matrix is one product, F (D + D^T).
    All else (ReLU, pooling, distances, the optimizer) is left out: a few operations a number.
    """
    forward, channels = 0, 3
    for layer in trunk(architecture, settings.content_layers + settings.style_layers):
        if layer.kind == "conv":
            forward += convolution_flops(channels, layer.channels, height, width)
            channels = layer.channels
        elif layer.kind == "pool":
            height, width = height // 2, width // 2
        if layer.name in settings.style_layers:
            forward += gram_flops(channels, height * width)
    return 2 * forward
