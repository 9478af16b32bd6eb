"""VGG in plain PyTorch, and the samples of its features that stand in where PyTorch is absent.

`python -m reference.torch_vgg` in the folder `tests` writes `torch_vgg.npz` again.
"""

from pathlib import Path

import numpy as np
import torch
from reference.inputs import picture, random_network
from reference.sampling import sample
from torch.nn import functional

CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red
POOLINGS = {"average": functional.avg_pool2d, "max": functional.max_pool2d}


def features(
    tensors, pooling: str, pixels: torch.Tensor, mean, border: str = "constant"
) -> dict[str, torch.Tensor]:
    """Return every layer's output `(C, H, W)` for pixels `(H, W, 3)` in [0, 1].

    The border is what the first layer sees around the picture: `constant` (zeros) or `replicate`.
    """
    x = (255 * pixels.permute(2, 0, 1).flip(0) - torch.tensor(mean)[:, None, None])[None]
    names = sorted(name.removesuffix("/kernel") for name in tensors if name.endswith("/kernel"))
    found = {}
    end = "conv6_1" if "conv5_3" in names else names[-1]  # no pooling where the network is cut
    for name, following in zip(names, [*names[1:], end], strict=True):
        kernel = torch.as_tensor(tensors[f"{name}/kernel"]).permute(3, 2, 0, 1)
        bias = torch.as_tensor(tensors[f"{name}/bias"])
        x = functional.pad(x, (1, 1, 1, 1), mode=border if name == names[0] else "constant")
        x = found[name] = functional.conv2d(x, kernel, bias)
        x = found[name.replace("conv", "relu")] = functional.relu(x)
        if name[4] != following[4]:
            x = found[f"pool{name[4]}"] = POOLINGS[pooling](x, 2)
    return {name: values[0] for name, values in found.items()}


def features_and_gradient(
    tensors, pooling: str, pixels: np.ndarray, mean=CAFFE_MEAN
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return every layer's output `(H, W, C)`, and the gradient of `mean pool5^2` by the pixels."""
    inputs = torch.tensor(pixels, requires_grad=True)
    found = features(tensors, pooling, inputs, mean)
    (gradient,) = torch.autograd.grad(found["pool5"].square().mean(), inputs)
    maps = {name: values.detach().permute(1, 2, 0).numpy() for name, values in found.items()}
    return maps, gradient.numpy()


def main() -> None:
    """Write the samples of both architectures with both poolings."""
    samples = {}
    for architecture in ("vgg16", "vgg19"):
        tensors = random_network(architecture)
        for pooling in POOLINGS:
            found, gradient = features_and_gradient(tensors, pooling, picture())
            for name, values in (*found.items(), ("gradient", gradient)):
                samples[f"{architecture}/{pooling}/{name}"] = sample(values)
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **samples)


if __name__ == "__main__":
    main()
