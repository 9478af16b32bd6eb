"""What PyTorch programs minimize: our default loss, the plain tutorial's, and neural-style's.

F and P are the features of the picture and what they are compared with, G and A the statistics of the
picture and of the style; a weight belongs to one layer, and layers are summed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from benchmarks.reference.vgg import VGG, Padding
from nstjax.settings import STYLE_LAYERS, Settings

Loss = Callable[[torch.Tensor], torch.Tensor]

RELU_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONV_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")  # before the ReLU


@dataclass(frozen=True)
class Recipe:
    """One program's loss, and how it calls Adam."""

    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    pooling: str
    statistics: Callable[[torch.Tensor], Any]  # of (1, C, H, W)
    content: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # F and P of a layer
    style: Callable[[Any, Any], torch.Tensor]  # G and A of a layer
    roughness: Callable[[torch.Tensor], torch.Tensor]  # of the pixels (1, 3, H, W)
    adam: dict[str, Any]
    # P of a layer from the features of content and style.
    content_target: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = lambda content, _: (
        content
    )
    padding: Padding = "zeros"  # around the picture, in the first layer


def gram(features: torch.Tensor) -> torch.Tensor:
    """`G = sum_i f_i f_i^T` over the positions of `(1, C, H, W)`."""
    flat = features[0].flatten(1)
    return flat @ flat.t()


def gram_by_elements(features: torch.Tensor) -> torch.Tensor:
    """`G / (C H W)`."""
    return gram(features) / features.numel()


def differences(pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """To the neighbor below and to that on the right."""
    return pixels[:, :, 1:] - pixels[:, :, :-1], pixels[:, :, :, 1:] - pixels[:, :, :, :-1]


OURS = Settings()  # the weights of our own recipe are stated there alone


class Statistics(NamedTuple):
    """Mean `(C,)` and covariance `(C, C)` over the positions."""

    mean: torch.Tensor
    covariance: torch.Tensor


def mean_and_covariance(features: torch.Tensor) -> Statistics:
    flat = features[0].flatten(1)
    mean = flat.mean(1)
    return Statistics(mean, flat @ flat.t() / flat.shape[1] - torch.outer(mean, mean))


def most_alike(content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """The style's features with the largest cosine to the content's, both minus their means."""
    ours, theirs = (
        F.normalize(flat - flat.mean(1, keepdim=True), dim=0)
        for flat in (content[0].flatten(1), style[0].flatten(1))
    )
    nearest = (ours.t() @ theirs).argmax(1)
    return style[0].flatten(1)[:, nearest].view_as(content)


def energy_content(features: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    distance = F.mse_loss(features, target) / target.square().mean()
    return OURS.content_weight / len(OURS.content_layers) * distance


def energy_style(found: Statistics, wanted: Statistics) -> torch.Tensor:
    distances = [
        (one - other).square().sum() / other.square().sum()
        for one, other in zip(found, wanted, strict=True)
    ]
    return OURS.style_weight / len(STYLE_LAYERS) * sum(distances, start=torch.zeros(()))


def squared_roughness(pixels: torch.Tensor) -> torch.Tensor:
    down, across = differences(pixels)
    return OURS.tv_weight * (down.square().mean() + across.square().mean())


def absolute_roughness(pixels: torch.Tensor) -> torch.Tensor:
    down, across = differences(255 * pixels)  # neural-style's pixels go up to 255
    return 1e-3 * (down.abs().sum() + across.abs().sum())


RECIPES = {
    "default": Recipe(
        content_layers=OURS.content_layers,
        style_layers=STYLE_LAYERS,
        pooling="max",
        statistics=mean_and_covariance,
        content=energy_content,
        style=energy_style,
        roughness=squared_roughness,
        adam={"lr": 0.02, "betas": (0.9, 0.99)},
        content_target=most_alike,
        padding="replicate",
    ),
    # alpha = 1, beta = 0.01.
    "tutorial": Recipe(
        content_layers=CONV_LAYERS,
        style_layers=CONV_LAYERS,
        pooling="max",
        statistics=gram,
        content=lambda features, target: 1 * F.mse_loss(features, target),
        style=lambda found, wanted: 0.01 * F.mse_loss(found, wanted),
        roughness=lambda pixels: pixels.new_zeros(()),
        adam={"lr": 1e-3},
    ),
    # -content_weight 5 -style_weight 100 -tv_weight 1e-3 -learning_rate 1, the last of pixels up to 255.
    "neural-style": Recipe(
        content_layers=("relu4_2",),
        style_layers=RELU_LAYERS,
        pooling="max",
        statistics=gram_by_elements,
        content=lambda features, target: 5 * F.mse_loss(features, target),
        style=lambda found, wanted: 100 * F.mse_loss(found, wanted),
        roughness=absolute_roughness,
        adam={"lr": 1 / 255},
    ),
}


def make_loss(recipe: Recipe, network: VGG, content: torch.Tensor, style: torch.Tensor) -> Loss:
    """The loss of pixels `(1, 3, H, W)`, with targets from two such pictures."""
    with torch.no_grad():
        seen, painted = network(content), network(style)
        contents = {
            name: recipe.content_target(seen[name], painted[name]) for name in recipe.content_layers
        }
        wanted = {name: recipe.statistics(painted[name]) for name in recipe.style_layers}

    def loss(pixels: torch.Tensor) -> torch.Tensor:
        features = network(pixels)
        total = recipe.roughness(pixels)
        for name, target in contents.items():
            total = total + recipe.content(features[name], target)
        for name, target in wanted.items():
            total = total + recipe.style(recipe.statistics(features[name]), target)
        return total

    return loss
