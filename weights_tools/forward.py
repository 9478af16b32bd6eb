"""The forward pass of a VGG in NumPy: slow, without JAX, to check and to rescale weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weights_tools.errors import WeightsError
from weights_tools.layout import NetworkWeights, layer_names
from weights_tools.preprocessing import Preprocessing


def activations(weights: NetworkWeights, pixels: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every ReLU's name and output `(H, W, C)`, float32, in the order of computation.

    Pooling is max pooling, as the networks were trained (Simonyan and Zisserman 2014).

    Args:
        weights: the network, whole or cut.
        pixels: sRGB in [0, 1], `(H, W, 3)`; H and W of at least 16.

    Raises:
        WeightsError: pixels of another shape, or too few for four poolings.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 16:
        raise WeightsError(
            f"the picture has shape {pixels.shape}: it must be (H, W, 3), H and W of at least 16"
        )
    x = network_input(pixels, weights.preprocessing)
    stage = "1"
    for layer in layer_names(weights.architecture, weights.last_layer):
        if layer[4] != stage:
            stage = layer[4]
            x = _pool(x)
        x = _convolve(x, weights.tensors[f"{layer}/kernel"]) + weights.tensors[f"{layer}/bias"]
        np.maximum(x, 0, out=x)
        yield f"relu{layer[4:]}", x


def network_input(pixels: np.ndarray, expected: Preprocessing) -> np.ndarray:
    """Return `(scale * pixels[..., channel_order] - mean) / std`, float32."""
    ordered = pixels if expected.channel_order == "rgb" else pixels[..., ::-1]
    x = (expected.scale * ordered - np.array(expected.mean)) / np.array(expected.std)
    return x.astype(np.float32)


def sample_picture(size: int = 64) -> np.ndarray:
    """Return a picture `(size, size, 3)` of waves in many directions, the same on every machine.

    It stands in for a photograph where none is at hand: its waves reach from the whole picture to
    two pixels, weaker the finer, and its colors are correlated but not gray.
    """
    y, x = np.mgrid[:size, :size].astype(np.float64) / size
    picture = np.zeros((size, size, 3))
    for octave in range(6):
        for turn, color in ((0.3, (1, 1, 1)), (1.7, (1, 0.4, -0.6)), (2.6, (0.5, 0.9, 0.7))):
            angle = turn + octave
            wave = np.sin(np.pi * 2**octave * (np.cos(angle) * x + np.sin(angle) * y) + 3 * angle)
            picture += wave[..., np.newaxis] * np.array(color) * 0.8**octave
    # 1 / (1 + exp(-x)): into [0, 1] without corners
    return 1 / (1 + np.exp(-picture))


def _convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the 3x3 correlation of `(H, W, I)` with `(3, 3, I, O)`, padded by zeros."""
    height, width, inputs = x.shape
    # In the padded picture as one row of pixels, an offset of the kernel is a shift: nine large
    # products without copies. What wraps around falls into the two columns that are cut off.
    row = np.pad(x, ((1, 1), (1, 1), (0, 0))).reshape(-1, inputs)
    count = height * (width + 2) - 2
    result = np.zeros((height * (width + 2), kernel.shape[-1]), np.float32)
    for dy in range(3):
        for dx in range(3):
            start = dy * (width + 2) + dx
            result[:count] += row[start : start + count] @ kernel[dy, dx]
    return result.reshape(height, width + 2, -1)[:, :width]


def _pool(x: np.ndarray) -> np.ndarray:
    """Return the maximum of every 2x2 block; an odd last row or column is left out."""
    height, width, channels = x.shape
    blocks = x[: height // 2 * 2, : width // 2 * 2]
    return blocks.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))
