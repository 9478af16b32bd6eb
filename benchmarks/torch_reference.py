"""The same style transfer step as PyTorch users write it: the other side of the comparison.

VGG from a converted file, average or max pooling, energy losses on relu4_2 and reluX_1, and
`torch.optim`. Plain eager float32 on the CPU.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from nstjax.settings import Settings
from nstjax.vgg import Weights, layers


class TorchVGG(torch.nn.Module):
    """Feature maps by name, `(1, C, H, W)`, of pixels `(1, 3, H, W)` in [0, 1]."""

    def __init__(self, weights: Weights, wanted: tuple[str, ...], pooling: str):
        super().__init__()
        every = layers(weights.architecture)
        deepest = max(index for index, layer in enumerate(every) if layer.name in wanted)
        self.trunk = every[: deepest + 1]
        self.wanted = wanted
        self.pool = F.avg_pool2d if pooling == "average" else F.max_pool2d
        self.kernels = {}
        for layer in self.trunk:
            if layer.kind == "conv":
                kernel = np.ascontiguousarray(weights.kernel(layer.suffix).transpose(3, 2, 0, 1))
                bias = weights.bias(layer.suffix)
                self.kernels[layer.name] = torch.from_numpy(kernel), torch.from_numpy(bias)
        expected = weights.preprocessing
        self.flip = expected.channel_order == "bgr"
        self.scale = expected.scale
        self.mean = torch.tensor(expected.mean).view(1, 3, 1, 1)
        self.std = torch.tensor(expected.std).view(1, 3, 1, 1)

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        x = pixels.flip(1) if self.flip else pixels
        x = (self.scale * x - self.mean) / self.std
        features = {}
        for layer in self.trunk:
            if layer.kind == "conv":
                x = F.conv2d(x, *self.kernels[layer.name], padding=1)
            elif layer.kind == "relu":
                x = F.relu(x)
            else:
                x = self.pool(x, 2)
            if layer.name in self.wanted:
                features[layer.name] = x
        return features


def second_moment(features: torch.Tensor) -> torch.Tensor:
    flat = features[0].flatten(1)
    return flat @ flat.T / flat.shape[1]


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None]


def make_loss(
    weights: Weights, settings: Settings, content: np.ndarray, style: np.ndarray
) -> Callable[[torch.Tensor], torch.Tensor]:
    """The default recipe's loss of pixels `(1, 3, H, W)`, with targets from two pictures."""
    wanted = settings.content_layers + settings.style_layers
    network = TorchVGG(weights, wanted, settings.pooling)
    with torch.no_grad():
        content_features, style_features = network(to_tensor(content)), network(to_tensor(style))
        targets = {name: content_features[name] for name in settings.content_layers}
        moments = {name: second_moment(style_features[name]) for name in settings.style_layers}

    def loss(pixels: torch.Tensor) -> torch.Tensor:
        features = network(pixels)
        content_terms = [
            ((features[name] - target) ** 2).mean() / (target**2).mean()
            for name, target in targets.items()
        ]
        style_terms = [
            ((second_moment(features[name]) - target) ** 2).sum() / (target**2).sum()
            for name, target in moments.items()
        ]
        down = pixels[:, :, 1:] - pixels[:, :, :-1]
        across = pixels[:, :, :, 1:] - pixels[:, :, :, :-1]
        return (
            settings.content_weight * sum(content_terms) / len(content_terms)
            + settings.style_weight * sum(style_terms) / len(style_terms)
            + settings.tv_weight * ((down**2).mean() + (across**2).mean())
        )

    return loss


def make_step(
    loss: Callable[[torch.Tensor], torch.Tensor], pixels: torch.Tensor, optimizer: str
) -> Callable[[], None]:
    """One step of `torch.optim`, one evaluation each, on pixels that it changes in place."""
    parameters = [pixels.requires_grad_()]
    if optimizer == "adam":
        method = torch.optim.Adam(parameters, lr=0.02, betas=(0.9, 0.99))
    else:
        method = torch.optim.LBFGS(parameters, max_iter=1, max_eval=1, history_size=20)

    def closure():
        method.zero_grad()
        value = loss(pixels)
        value.backward()
        return value

    def step():
        method.step(closure)
        with torch.no_grad():
            pixels.clamp_(0, 1)

    return step
