"""What style-transfer-pytorch computes, written from its formulas in float64 PyTorch."""

import numpy as np
import torch
from reference.torch_steps import adam_steps, in_float64, seeing

RIDGE = 5e-4  # ours, as a part of the style's mean energy


def gaussian(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean `(C,)` and covariance `(C, C)` of a feature map `(C, H, W)`."""
    flat = maps.flatten(1)
    mean = flat.mean(1)
    return mean, flat @ flat.T / flat.shape[1] - torch.outer(mean, mean)


def root(matrix: torch.Tensor) -> torch.Tensor:
    """Return the square root of a symmetric positive matrix."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def w2(maps: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """Return `mean (mu - mu*)^2 + mean diag (C + C* - 2 (C*^1/2 C C*^1/2)^1/2)`."""
    ridge = RIDGE * style.square().mean() * torch.eye(len(maps), dtype=maps.dtype)
    (mean, covariance), (wanted_mean, wanted) = gaussian(maps), gaussian(style)
    covariance, wanted = covariance + ridge, wanted + ridge
    inner = root(wanted) @ covariance @ root(wanted)
    fidelity = torch.linalg.eigvalsh(inner).clamp(min=0).sqrt().sum()
    trace = covariance.trace() + wanted.trace() - 2 * fidelity
    return (mean - wanted_mean).square().mean() + trace / len(maps)


def nine_point(pixels: torch.Tensor) -> torch.Tensor:
    """Return the total variation of pixels `(H, W, 3)`."""
    x = torch.nn.functional.pad(pixels.permute(2, 0, 1)[None], (0, 1, 0, 1), mode="replicate")
    here, below, beside, diagonal = (
        x[..., :-1, :-1],
        x[..., 1:, :-1],
        x[..., :-1, 1:],
        x[..., 1:, 1:],
    )
    straight = (beside - here).square() + (below - here).square()
    return 2 * (straight / 3 + ((diagonal - here).square() + (beside - below).square()) / 12).mean()


def ten_steps(tensors, content, style, layers, shares) -> tuple[list[float], np.ndarray]:
    """Return the losses before ten steps of Adam, and the average of the pictures (a = 0.99)."""
    see = seeing(tensors, "conv4_2", "max", border="replicate")
    with torch.no_grad():
        wanted = see(in_float64(content))["relu4_2"]
        styles = see(in_float64(style))

    def loss(pixels: torch.Tensor) -> torch.Tensor:
        found = see(pixels)
        total = 0.015 * (found["relu4_2"] - wanted).square().mean() + 2 * nine_point(pixels)
        for name, share in zip(layers, shares, strict=True):
            total = total + share / sum(shares) * w2(found[name], styles[name])
        return total

    losses, pictures = zip(*adam_steps(loss, content, lr=0.02, betas=(0.9, 0.99)), strict=True)
    total, weight = 0.01 * content.astype(np.float64), 0.01
    for picture in pictures:
        total = 0.99 * total + 0.01 * picture
        weight = 0.99 * weight + 0.01
    return list(losses), total / weight
