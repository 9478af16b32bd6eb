"""VGG in PyTorch, from a converted file."""

from typing import Literal

import numpy as np
import torch
from torch import nn

from nstjax.vgg import Weights
from nstjax.vgg.architecture import trunk

Padding = Literal["zeros", "replicate", "reflect"]
POOLINGS = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}


class VGG(nn.Module):
    """Feature maps by name, `(1, C, H, W)`, of pixels `(1, 3, H, W)` in [0, 1]."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, weights: Weights, wanted: tuple[str, ...], pooling: str, padding: Padding):
        super().__init__()
        self.wanted = wanted
        self.trunk = nn.ModuleDict()
        for layer in trunk(weights.architecture, wanted, weights.last_layer):
            if layer.kind == "conv":
                first = not self.trunk
                module = _convolution(
                    weights.kernel(layer.suffix),
                    weights.bias(layer.suffix),
                    padding if first else "zeros",
                )
            elif layer.kind == "relu":
                module = nn.ReLU()
            else:
                module = POOLINGS[pooling](2)
            self.trunk[layer.name] = module
        expected = weights.preprocessing
        self.bgr = expected.channel_order == "bgr"
        self.scale = expected.scale
        self.register_buffer("mean", torch.tensor(expected.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(expected.std).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        """The wanted features."""
        x = pixels.flip(1) if self.bgr else pixels
        x = (self.scale * x - self.mean) / self.std
        features = {}
        for name, module in self.trunk.items():
            x = module(x)
            if name in self.wanted:
                features[name] = x
        return features


def _convolution(kernel: np.ndarray, bias: np.ndarray, padding: Padding) -> nn.Conv2d:
    """A layer from a kernel `(3, 3, I, O)`, where PyTorch has `(O, I, 3, 3)`."""
    module = nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1, padding_mode=padding)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(np.array(kernel.transpose(3, 2, 0, 1))))
        module.bias.copy_(torch.from_numpy(np.array(bias)))  # type: ignore[union-attr]
    return module
