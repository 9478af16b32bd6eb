"""VGG weights files in the layouts that Keras writes or once wrote, made without Keras.

The names were taken from files of keras.applications (2016 and later) and of Keras 3.15; a test
compares this module's readings with files that Keras writes, where it is installed.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

# Written out as in Simonyan and Zisserman 2014, table 1, so that a slip in the package shows.
OUTPUTS = {
    "vgg16": [[64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3],
    "vgg19": [[64] * 2, [128] * 2, [256] * 4, [512] * 4, [512] * 4],
}


def random_tensors(architecture: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Return tensors `conv1_1/kernel` and so on, float32; every one has other values."""
    return dict(_drawn(architecture, seed))


def trunk(count: int = 4) -> dict[str, np.ndarray]:
    """Return the first convolutions of VGG16: enough for what does not depend on size."""
    return dict(itertools.islice(_drawn("vgg16", 0), 2 * count))


def _drawn(architecture: str, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    generator = np.random.default_rng(seed)
    inputs = 3
    for stage, outputs in enumerate(OUTPUTS[architecture], start=1):
        for index, output in enumerate(outputs, start=1):
            kernel = generator.random((3, 3, inputs, output), np.float32) - 0.5
            yield f"conv{stage}_{index}/kernel", kernel
            yield f"conv{stage}_{index}/bias", generator.random(output, np.float32)
            inputs = output


def layers(tensors: dict[str, np.ndarray]) -> list[tuple[int, int, np.ndarray, np.ndarray]]:
    """Return (stage, index, kernel, bias) of every convolution."""
    names = [name.split("/")[0] for name in tensors if name.endswith("/kernel")]
    return [
        (int(name[4]), int(name[6]), tensors[f"{name}/kernel"], tensors[f"{name}/bias"])
        for name in names
    ]


def write_applications(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write as keras.applications distributes: `block1_conv1/block1_conv1_W_1:0`."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [
            f"block{stage}_conv{index}".encode() for stage, index, *_ in layers(tensors)
        ]
        for stage, index, kernel, bias in layers(tensors):
            layer = f"block{stage}_conv{index}"
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}_W_1:0".encode(), f"{layer}_b_1:0".encode()]
            group[f"{layer}_W_1:0"] = kernel
            group[f"{layer}_b_1:0"] = bias


def write_whole_model(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write as `model.save("x.h5")` does after training: dense layers, an optimizer's copies."""
    with h5py.File(path, "w") as file:
        for stage, index, kernel, bias in layers(tensors):
            layer = f"block{stage}_conv{index}"
            file[f"model_weights/{layer}/{layer}/kernel:0"] = kernel
            file[f"model_weights/{layer}/{layer}/bias:0"] = bias
            file[f"optimizer_weights/Adam/{layer}/kernel/m:0"] = np.zeros((3, 3, 2, 2), np.float32)
        file["model_weights/fc1/fc1/kernel:0"] = np.zeros((8, 4), np.float32)
        file["model_weights/fc1/fc1/bias:0"] = np.zeros(4, np.float32)


def write_keras3(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write as Keras 3's `save_weights` does: `layers/conv2d_10/vars/0`."""
    with h5py.File(path, "w") as file:
        for number, (_, _, kernel, bias) in enumerate(layers(tensors)):
            name = f"conv2d_{number}" if number else "conv2d"
            file[f"layers/{name}/vars/0"] = kernel
            file[f"layers/{name}/vars/1"] = bias
        file["layers/dense/vars/0"] = np.zeros((8, 4), np.float32)
        file["layers/dense/vars/1"] = np.zeros(4, np.float32)
        file["optimizer/vars/0"] = np.zeros((3, 3, 2, 2), np.float32)


def write_stages(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write as Keras 3 does with one model a stage, and with an edge detector's 1x1 heads."""
    with h5py.File(path, "w") as file:
        for stage, index, kernel, bias in layers(tensors):
            name = f"conv2d_{index - 1}" if index > 1 else "conv2d"
            file[f"block{stage}/layers/{name}/vars/0"] = kernel
            file[f"block{stage}/layers/{name}/vars/1"] = bias
            file.require_group(f"dsn{stage}/vars")
        file["fuse/vars/0"] = np.zeros((1, 1, 5, 1), np.float32)
        file["fuse/vars/1"] = np.zeros(1, np.float32)
