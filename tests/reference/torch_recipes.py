"""What four programs minimize, each by its own formulas and in its own units: float64 PyTorch.

Layers are summed and not averaged. F and P are a layer's features `(N, H, W)` of the picture and of the
content, G and A the Gram matrices of the picture and of the style: sums over the M = H W positions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from reference import keras_losses
from reference.torch_steps import in_float64, seeing

RELUS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONVOLUTIONS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")  # before the ReLU

Features = dict[str, torch.Tensor]


class Terms(NamedTuple):
    """Parts of the loss, with the program's weights in them."""

    content: torch.Tensor
    style: torch.Tensor
    tv: torch.Tensor


def gram(features: torch.Tensor) -> torch.Tensor:
    """Return `F F^T`, `(N, N)`."""
    rows = features.flatten(1)
    return rows @ rows.T


def gatys2016(_, found: Features, content: Features, style: Features) -> Terms:
    """Return Gatys et al. 2016, equations 1, 4, 5 and 7: w_l = 1/5, alpha / beta = 1e-3."""
    distances = []
    for name in RELUS:
        channels, positions = found[name].flatten(1).shape
        difference = gram(found[name]) - gram(style[name])
        distances.append(difference.square().sum() / (4 * channels**2 * positions**2))
    return Terms(
        content=1 / 2 * (found["relu4_2"] - content["relu4_2"]).square().sum(),
        style=1e3 * sum(1 / 5 * each for each in distances),
        tv=torch.zeros(()),
    )


def tutorial(_, found: Features, content: Features, style: Features) -> Terms:
    """Return the plain PyTorch tutorial's: means of squares of five layers, alpha = 1, beta = 0.01."""
    return Terms(
        content=1 * sum((found[name] - content[name]).square().mean() for name in CONVOLUTIONS),
        style=0.01
        * sum((gram(found[name]) - gram(style[name])).square().mean() for name in CONVOLUTIONS),
        tv=torch.zeros(()),
    )


def neural_style(
    pixels: torch.Tensor, found: Features, content: Features, style: Features
) -> Terms:
    """Return neural-style-pt's, with pixels up to 255: 5 and 100 a layer, and 1e-3."""
    mse = torch.nn.functional.mse_loss

    def normalized(features: torch.Tensor) -> torch.Tensor:
        return gram(features) / features.numel()

    down, across = pixels[1:] - pixels[:-1], pixels[:, 1:] - pixels[:, :-1]
    return Terms(
        content=5 * mse(found["relu4_2"], content["relu4_2"]),
        style=sum(100 * mse(normalized(found[name]), normalized(style[name])) for name in RELUS),
        tv=1e-3 * (down.abs().sum() + across.abs().sum()),
    )


def keras(pixels: torch.Tensor, found: Features, content: Features, style: Features) -> Terms:
    """Return what Deep Learning with Python has, with pixels up to 255."""

    def named(features: Features) -> Features:
        return {
            f"block{name[4]}_conv{name[6]}": maps.permute(1, 2, 0)[None]
            for name, maps in features.items()
            if name.startswith("relu")
        }

    return Terms(*keras_losses.terms(pixels[None], named(found), named(content), named(style)))


@dataclass(frozen=True)
class Program:
    """How a program looks at its pictures."""

    terms: Callable[..., Terms]  # of pixels, and of the features of picture, content and style
    last: str  # the deepest convolution
    pooling: str
    white: float  # what a white pixel is to it

    def minimized(self, tensors, content: np.ndarray, style: np.ndarray):
        """Return the function of pixels `(H, W, 3)`, up to `white`, to `Terms`."""
        see = seeing(tensors, self.last, self.pooling)
        with torch.no_grad():
            targets = see(in_float64(content)), see(in_float64(style))
        return lambda pixels: self.terms(pixels, see(pixels / self.white), *targets)


PROGRAMS = {
    "gatys2016": Program(gatys2016, "conv5_1", "average", 255),
    "tutorial": Program(tutorial, "conv5_1", "max", 1),
    "neural-style": Program(neural_style, "conv5_1", "max", 255),
    "keras": Program(keras, "conv5_2", "max", 255),
}
