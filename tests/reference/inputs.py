"""Deterministic inputs, made with NumPy alone: what references are computed from."""

import numpy as np
from reference.keras_files import OUTPUTS


def random_network(architecture: str) -> dict[str, np.ndarray]:
    """Return tensors `conv1_1/kernel` (HWIO) and so on that keep the signal's size (He 2015)."""
    generator = np.random.default_rng(2015)
    tensors, inputs = {}, 3
    for stage, outputs in enumerate(OUTPUTS[architecture], start=1):
        for index, output in enumerate(outputs, start=1):
            kernel = generator.standard_normal((3, 3, inputs, output), np.float32)
            tensors[f"conv{stage}_{index}/kernel"] = kernel * np.float32(np.sqrt(2 / (9 * inputs)))
            bias = generator.standard_normal(output, np.float32)
            tensors[f"conv{stage}_{index}/bias"] = 10 * bias  # activations are near 100
            inputs = output
    return tensors


def picture(height: int = 67, width: int = 83) -> np.ndarray:
    """Return pixels `(H, W, 3)`; by default of a size that every pooling rounds down somewhere."""
    return np.random.default_rng(16).random((height, width, 3), np.float32)


def feature_maps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features of a picture, of its content, and of a style of another size: `(H, W, C)`."""
    generator = np.random.default_rng(42)
    shapes = (5, 7, 6), (5, 7, 6), (4, 9, 6)
    drawn = [generator.standard_normal(shape, np.float32) + np.float32(0.3) for shape in shapes]
    return tuple(np.maximum(values, 0) for values in drawn)


def relative_error(found, expected) -> float:
    """Return `||found - expected|| / ||expected||` (Frobenius), in float64."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
