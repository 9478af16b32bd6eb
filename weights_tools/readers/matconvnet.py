"""Reader of MatConvNet's `.mat` files, as imagenet-vgg-verydeep-16 and imagenet-vgg-verydeep-19.

    layers{1}.name, .type 'conv', .weights{1} (kernel), {2} (bias)      files of 2015 and later
    layers{1}.filters, .biases                                          before
    meta.normalization.averageImage or normalization.averageImage       what is subtracted, in RGB

Kernels are height, width, inputs, outputs, as MATLAB counts axes. Copies of these files' numbers
exist in which height and width are swapped; next to Keras' own they are not.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from weights_tools.errors import WeightsError
from weights_tools.preprocessing import Preprocessing
from weights_tools.readers.checkpoint import Checkpoint, Convolution, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.mat5 import Array, open_mat5
from weights_tools.readers.naming import batch_normalization

_KIND = "MatConvNet"
# A mean picture has 224 x 224 x 3 values.
MAX_MEAN_VALUES = 1 << 20


@contextlib.contextmanager
def read_matconvnet(path: Path) -> Iterator[Checkpoint]:
    """Open a network of MatConvNet; its values are read from the file when they are asked for.

    Raises:
        WeightsError: damaged, or no list of layers as MatConvNet writes it.
    """
    with contextlib.ExitStack() as stack:
        with reported(path, _KIND):
            variables = stack.enter_context(open_mat5(path))
            convolutions = tuple(_convolutions(path, variables))
            checkpoint = Checkpoint(convolutions, _preprocessing(variables))
        yield checkpoint


def _convolutions(path: Path, variables: Mapping[str, Array]) -> Iterator[Convolution]:
    layers = variables.get("layers")
    if layers is None or layers.kind != "cell":
        found = ", ".join(f"{name} ({each.kind})" for name, each in [*variables.items()][:5])
        raise WeightsError(
            f"it holds {found or 'nothing'}, expected a cell array `layers`: save a network of "
            "MatConvNet with save('net.mat', '-struct', 'net')"
        )
    for number, layer in enumerate(layers.cells(), start=1):
        fields = layer.fields()
        if not {"name", "type"} <= fields.keys():
            raise WeightsError(
                f"layers{{{number}}} is no struct with a name and a type, but {layer.kind}: "
                "use a network of MatConvNet"
            )
        name, kind = fields["name"].text(), fields["type"].text()
        if kind == "bnorm":
            raise batch_normalization(name)
        if kind == "conv":
            convolution = _convolution(path, name, fields)
            # A kernel of a single output has three axes, which is no VGG's.
            if len(convolution.kernel.shape) == 4:
                yield convolution


def _convolution(path: Path, name: str, fields: Mapping[str, Array]) -> Convolution:
    if "weights" in fields:
        arrays = list(fields["weights"].cells())
    else:
        arrays = [fields[each] for each in ("filters", "biases") if each in fields]
    if not 1 <= len(arrays) <= 2:
        raise WeightsError(
            f"{name} has {len(arrays)} arrays of weights, expected filters and biases: "
            "use a trained network"
        )
    kernel, *bias = arrays
    # A layer without a bias has an empty one.
    has_bias = bias and 0 not in bias[0].shape
    return Convolution(
        _values(path, name, kernel),
        _values(path, f"{name}/bias", bias[0]) if has_bias else None,
    )


def _values(path: Path, name: str, array: Array) -> Values:
    def read() -> np.ndarray:
        with reported(path, _KIND):
            return array.values()

    return Values(name, array.shape, array.kind, read)


def _preprocessing(variables: Mapping[str, Array]) -> Preprocessing | None:
    """Return what the network expects where the file has the mean color; else None."""
    holder = variables["meta"].fields() if "meta" in variables else variables
    normalization = holder.get("normalization")
    mean = normalization.fields().get("averageImage") if normalization else None
    if mean is None or mean.kind not in ("float32", "float64"):
        return None
    is_vector = math.prod(mean.shape) == 3
    if not (is_vector or (len(mean.shape) == 3 and mean.shape[2] == 3)):
        return None
    if not 0 < math.prod(mean.shape) <= MAX_MEAN_VALUES:
        return None
    colors = mean.values().astype(np.float64).reshape(-1, 3).mean(axis=0)
    if not np.isfinite(colors).all():
        return None
    red, green, blue = colors.tolist()
    return Preprocessing("rgb", 255.0, (red, green, blue), (1.0, 1.0, 1.0))
