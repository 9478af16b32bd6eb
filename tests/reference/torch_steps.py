"""Float64 PyTorch on a whole path of pictures: the network made once, and the steps of Adam."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from reference.torch_vgg import CAFFE_MEAN, features


def in_float64(pixels: np.ndarray) -> torch.Tensor:
    """Return an array as a tensor."""
    return torch.tensor(pixels, dtype=torch.float64)


def seeing(tensors: dict[str, np.ndarray], last: str, pooling: str, border: str = "constant"):
    """Return the function of pixels `(H, W, 3)` in [0, 1] to features, up to the convolution `last`."""
    doubles = {
        name: _in_memory_as_oihw(values) if values.ndim == 4 else values.astype(np.float64)
        for name, values in tensors.items()
        if name.split("/")[0] <= last
    }
    mean = np.asarray(CAFFE_MEAN, np.float64)
    return lambda pixels: features(doubles, pooling, pixels, mean, border)


def _in_memory_as_oihw(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel (HWIO) in the order of memory that PyTorch would else copy it into, each step."""
    oihw = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), np.float64)
    return oihw.transpose(2, 3, 1, 0)


def adam_steps(
    loss: Callable[[torch.Tensor], torch.Tensor],
    start: np.ndarray,
    *,
    white: float = 1,
    count: int = 10,
    **adam,
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the loss before each step, and the pixels `(H, W, 3)` in [0, 1] after it.

    Args:
        loss: of pixels from 0 to `white`; each step leaves them there, as ours do.
        start: pixels in [0, 1].
        white: what a white pixel is to the program.
        count: how many steps.
        adam: arguments of `torch.optim.Adam`, in the program's units.
    """
    pixels = white * in_float64(start)
    pixels.requires_grad_()
    optimizer = torch.optim.Adam([pixels], **adam)
    for _ in range(count):
        optimizer.zero_grad()
        value = loss(pixels)
        value.backward()
        optimizer.step()
        with torch.no_grad():
            pixels.clamp_(0, white)
        yield value.item(), (pixels.detach() / white).numpy()
