"""What style-transfer-pytorch computes, written from its formulas in float64 PyTorch."""

import numpy as np
import torch
from reference.torch_vgg import CAFFE_MEAN, features

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
    doubles = {name: values.astype(np.float64) for name, values in tensors.items()}

    def see(pixels):
        mean = np.asarray(CAFFE_MEAN, np.float64)
        return features(doubles, "max", pixels, mean, border="replicate")

    pixels = torch.tensor(content, dtype=torch.float64)
    wanted = see(pixels)["relu4_2"]
    styles = see(torch.tensor(style, dtype=torch.float64))
    pixels.requires_grad_()
    adam = torch.optim.Adam([pixels], lr=0.02, betas=(0.9, 0.99))
    total, weight, losses = 0.01 * pixels.detach(), 0.01, []
    for _ in range(10):
        found = see(pixels)
        loss = 0.015 * (found["relu4_2"] - wanted).square().mean() + 2 * nine_point(pixels)
        for name, share in zip(layers, shares, strict=True):
            loss = loss + share / sum(shares) * w2(found[name], styles[name])
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            pixels.clamp_(0, 1)
        losses.append(loss.item())
        total = 0.99 * total + 0.01 * pixels.detach()
        weight = 0.99 * weight + 0.01
    return losses, (total / weight).numpy()
