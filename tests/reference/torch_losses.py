"""Every loss in plain PyTorch, in float64, and the numbers that stand in where PyTorch is absent.

`python -m reference.torch_losses` in the folder `tests` writes `torch_losses.npz` again.
"""

from pathlib import Path

import numpy as np
import torch
from reference import keras_losses
from reference.inputs import feature_maps, picture


def gram_matrix(features: torch.Tensor) -> torch.Tensor:
    """Return `F F^T` (N, N) for the paper's `F` (N, M), the feature maps as rows."""
    rows = features.permute(2, 0, 1).flatten(1)
    return rows @ rows.T


def normalized(features: torch.Tensor) -> torch.Tensor:
    """Return the Gram matrix divided by the number of positions."""
    return gram_matrix(features) / (features.shape[0] * features.shape[1])


def mean_square(difference: torch.Tensor) -> torch.Tensor:
    """Return what `torch.nn.functional.mse_loss` of two tensors is."""
    return difference.pow(2).mean()


def covariance(features: torch.Tensor) -> torch.Tensor:
    """Return the covariance matrix (N, N) over positions."""
    return torch.cov(features.flatten(0, 1).T, correction=0)


def deviations(features: torch.Tensor) -> torch.Tensor:
    """Return each channel's standard deviation (N,)."""
    return features.std((0, 1), correction=0)


def root(matrix: torch.Tensor) -> torch.Tensor:
    """Return the square root of a symmetric matrix by its eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.sqrt()) @ vectors.T


def wasserstein(f: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """Return the Wasserstein-2 distance as style-transfer-pytorch has it, by eigenvalues.

    Both covariances get 5e-4 of the style's mean energy on their diagonals, where it has 1e-4.
    """
    ridge = 5e-4 * s.pow(2).mean() * torch.eye(f.shape[-1], dtype=f.dtype)
    picture, style = covariance(f) + ridge, covariance(s) + ridge
    cross = root(root(style) @ picture @ root(style))
    means = mean_square(f.mean((0, 1)) - s.mean((0, 1)))
    return means + torch.diagonal(picture + style - 2 * cross).mean()


def nine_point(x: torch.Tensor) -> torch.Tensor:
    """Return the total variation of style-transfer-pytorch, on a picture padded by replication."""
    planes = x.permute(2, 0, 1)[None]
    p = torch.nn.functional.pad(planes, (0, 1, 0, 1), "replicate")
    straight = (
        mean_square(p[..., :-1, 1:] - p[..., :-1, :-1]),
        mean_square(p[..., 1:, :-1] - p[..., :-1, :-1]),
    )
    diagonal = (
        mean_square(p[..., 1:, 1:] - p[..., :-1, :-1]),
        mean_square(p[..., 1:, :-1] - p[..., :-1, 1:]),
    )
    return 2 * (sum(straight) / 3 + sum(diagonal) / 12)


CONTENT = {
    "sum": lambda f, p: (f - p).pow(2).sum() / 2,
    "mean": lambda f, p: mean_square(f - p),
    "energy": lambda f, p: (f - p).pow(2).sum() / p.pow(2).sum(),
}
STYLE = {
    "mean_covariance": lambda f, s: (
        (covariance(f) - covariance(s)).norm() ** 2 / covariance(s).norm() ** 2
        + (f.mean((0, 1)) - s.mean((0, 1))).norm() ** 2 / s.mean((0, 1)).norm() ** 2
    ),
    "gram": lambda f, s: mean_square(normalized(f) - normalized(s)) / 4,
    "gram_sum": lambda f, s: mean_square(gram_matrix(f) - gram_matrix(s)),
    "gram_chw": lambda f, s: mean_square((normalized(f) - normalized(s)) / f.shape[-1]),
    "energy": lambda f, s: (normalized(f) - normalized(s)).norm() ** 2 / normalized(s).norm() ** 2,
    "covariance": lambda f, s: (
        (covariance(f) - covariance(s)).norm() ** 2 / covariance(s).norm() ** 2
    ),
    "mean_std": lambda f, s: (
        mean_square(f.mean((0, 1)) - s.mean((0, 1))) + mean_square(deviations(f) - deviations(s))
    ),
    "w2": wasserstein,
}
TOTAL_VARIATION = {
    "l2": lambda x: mean_square(x[1:] - x[:-1]) + mean_square(x[:, 1:] - x[:, :-1]),
    "l1": lambda x: (x[1:] - x[:-1]).abs().sum() + (x[:, 1:] - x[:, :-1]).abs().sum(),
    "power": lambda x: keras_losses.total_variation_loss(x[None]),
    "nine_point": nine_point,
}


def values_and_gradients() -> dict[str, np.ndarray]:
    """Return `content/sum` and so on: the value, then the gradient by the first input, flat."""
    features, content, style = (torch.tensor(each, dtype=torch.float64) for each in feature_maps())
    pixels = torch.tensor(picture(5, 7), dtype=torch.float64)
    calls = {f"content/{name}": (loss, features, content) for name, loss in CONTENT.items()}
    calls |= {f"style/{name}": (loss, features, style) for name, loss in STYLE.items()}
    calls |= {f"tv/{name}": (loss, pixels) for name, loss in TOTAL_VARIATION.items()}
    found = {}
    for name, (loss, first, *others) in calls.items():
        first = first.clone().requires_grad_()
        value = loss(first, *others)
        (gradient,) = torch.autograd.grad(value, first)
        found[name] = np.array([value.item(), *gradient.flatten().tolist()])
    return found


if __name__ == "__main__":
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **values_and_gradients())
