"""Convolutions of a file -> the trunk of VGG16 or VGG19: axes, architecture, and where it is cut.

Nothing has to be told: the axes are those in which the kernels' channels chain from three colors on
as in Simonyan and Zisserman 2014, table 1, and the architecture is the one that they chain along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from weights_tools.errors import WeightsError
from weights_tools.layout import STAGES, layer_names, shapes
from weights_tools.preprocessing import Preprocessing
from weights_tools.readers.checkpoint import Checkpoint, Convolution, Values
from weights_tools.readers.naming import place, staged

# Where each order of axes has height, width, inputs and outputs.
AXES = MappingProxyType({"HWIO": (0, 1, 2, 3), "OIHW": (2, 3, 1, 0), "OHWI": (1, 2, 3, 0)})
_FLOATS = ("float16", "bfloat16", "float32", "float64")
_Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Trunk:
    """The first convolutions of a VGG, in our names and axes, float32."""

    architecture: str  # "vgg16" or "vgg19"
    last_layer: str  # "conv5_4" of a whole VGG19
    tensors: dict[str, np.ndarray]
    dtype: str  # of the values in the file, if half precision; else "float32"
    preprocessing: Preprocessing | None  # where the file itself says what it expects


def assemble(checkpoint: Checkpoint) -> Trunk:
    """Find which VGG the convolutions of a file are, and read them.

    Raises:
        WeightsError: another network, or a layer that is missing or out of place: which key, what
            was found and what was expected.
    """
    found = [each for each in checkpoint.convolutions if len(each.kernel.shape) == 4]
    preprocessing = checkpoint.preprocessing
    if found and sorted(found[0].kernel.shape) == [1, 1, 3, 3]:
        preprocessing = _from_input_convolution(found.pop(0))
    permutation, found = _trunk_axes(found)
    kernels = [_permuted(each.kernel.shape, permutation) for each in found]
    architecture = _architecture(found, kernels)
    expected = shapes(architecture)
    tensors: dict[str, np.ndarray] = {}
    layers = layer_names(architecture)[: len(found)]
    for layer, convolution in zip(layers, found, strict=True):
        name = f"{layer}/bias"
        if convolution.bias is None:
            raise WeightsError(
                f"{name} is missing beside {convolution.kernel.name}, expected shape "
                f"{expected[name]}: use a file of {architecture}"
            )
        if _squeezed(convolution.bias.shape) != expected[name]:
            raise WeightsError(
                f"{name} ({convolution.bias.name}) has shape {convolution.bias.shape}, "
                f"expected {expected[name]}: use a file of VGG16 or VGG19"
            )
        kernel = _floats(f"{layer}/kernel", convolution.kernel).transpose(permutation)
        tensors[f"{layer}/kernel"] = np.ascontiguousarray(kernel)
        tensors[name] = _floats(name, convolution.bias).reshape(-1)
    return Trunk(architecture, layers[-1], tensors, _dtype(found), preprocessing)


def _dtype(found: Sequence[Convolution]) -> str:
    types = {each.kernel.dtype for each in found} | {each.bias.dtype for each in found if each.bias}
    return types.pop() if len(types) == 1 and types <= {"float16", "bfloat16"} else "float32"


def _trunk_axes(found: Sequence[Convolution]) -> tuple[_Shape, list[Convolution]]:
    """Return the axes in which most kernels chain, and the 3x3 convolutions in these axes."""
    best: tuple[int, _Shape, list[Convolution]] = (0, (), [])
    for permutation in AXES.values():
        kernels = [c for c in found if _permuted(c.kernel.shape, permutation)[:2] == (3, 3)]
        permuted = [_permuted(each.kernel.shape, permutation) for each in kernels]
        length = max(_matching(permuted, architecture) for architecture in STAGES)
        if length > best[0]:
            best = (length, permutation, kernels)
    length, permutation, kernels = best
    if length == 0:
        what = (
            f"its first convolution {found[0].kernel.name} has shape {found[0].kernel.shape}"
            if found
            else "it holds no convolution with 3x3 kernels"
        )
        raise WeightsError(
            f"{what}, expected (3, 3, 3, 64) or (64, 3, 3, 3): use a file of VGG16 or VGG19"
        )
    return permutation, kernels


def _architecture(found: Sequence[Convolution], kernels: Sequence[_Shape]) -> str:
    """Return the architecture whose first layers these are; of a trunk that both share, VGG16.

    Raises:
        WeightsError: no such architecture; names the first layer that does not fit.
    """
    # The longest match; of equal ones, that which the fewest layers are missing from.
    architecture = max(STAGES, key=lambda name: (_matching(kernels, name), -len(layer_names(name))))
    layers, shape_of = layer_names(architecture), shapes(architecture)
    for position, convolution in enumerate(found):
        name = convolution.kernel.name
        if position >= len(layers):
            raise WeightsError(
                f"{name} comes after {layers[-1]}, the last convolution of {architecture}, and has "
                f"shape {convolution.kernel.shape}: use a file with this network only"
            )
        layer = layers[position]
        if (named := staged(name)) and layer != f"conv{named[0]}_{named[1]}":
            raise WeightsError(
                f"{name} stands where {architecture} has {layer}: "
                f"use a file in which {layer} is not missing"
            )
        if kernels[position] != (expected := shape_of[f"{layer}/kernel"]):
            raise WeightsError(
                f"{layer}/kernel ({name}) has shape {kernels[position]} as height, width, inputs, "
                f"outputs, expected {expected}: use a complete file of VGG16 or VGG19"
            )
    if len(found) < len(layers):
        _check_numbers([each.kernel.name for each in found], layers)
    return architecture


def _check_numbers(names: Sequence[str], layers: Sequence[str]) -> None:
    """Refuse a gap in a cut trunk's numbers: equal shapes would hide that a layer is missing.

    Keras counts convolutions, torchvision also ReLUs and poolings, others paddings or biases too.
    Whatever is counted, it is the same between any two convolutions of a stage, and between any
    two of neighboring stages.
    """
    places = [place(name) for name in names]
    if any(staged(name) for name in names) or not all(places):
        return  # compared one by one, or in the order of the file
    steps: list[tuple[bool, int, str]] = []
    for pair, (one, other), (layer, following) in zip(
        pairwise(names), pairwise(places), pairwise(layers), strict=False
    ):
        if one[:-1] == other[:-1]:  # or the numbers begin anew, and tell nothing
            steps.append((layer[4] == following[4], other[-1] - one[-1], " and ".join(pair)))
    # A gap shifts what follows it: the surest sign, inside a stage, is looked for first.
    for is_inside in (True, False):
        found = [(step, where) for inside, step, where in steps if inside == is_inside]
        for step, where in found:
            if step > min(found)[0]:
                raise WeightsError(
                    f"a convolution or more seems to be missing between {where}: "
                    "use a complete file of VGG16 or VGG19"
                )


def _from_input_convolution(convolution: Convolution) -> Preprocessing:
    """Read off what a leading 1x1 convolution of the three colors does, as AdaIN's network has it.

    It computes y_i = s_i x_c(i) + b_i from RGB; we write that as (scale x_c(i) - mean_i) / std_i.

    Raises:
        WeightsError: it mixes the colors, or inverts one.
    """
    name = convolution.kernel.name
    matrix = _floats(name, convolution.kernel).reshape(3, 3)
    if not np.isfinite(matrix).all():
        raise WeightsError(f"{name} holds NaN or infinity: the file is damaged, use another")
    if convolution.kernel.shape[:2] == (1, 1):
        matrix = matrix.T  # stored inputs first
    bias = np.zeros(3)
    if convolution.bias is not None and _squeezed(convolution.bias.shape) == (3,):
        bias = _floats(name, convolution.bias).reshape(-1)
    for order, diagonal in (("rgb", matrix), ("bgr", matrix[:, ::-1])):
        scales = np.diag(diagonal)
        if np.all(scales > 0) and np.array_equal(diagonal, np.diag(scales)):
            # A shift of more than 2 can only be meant for pixels up to 255.
            top = 255.0 if np.any(np.abs(bias / scales) > 2) else 1.0
            scale = float(scales[0]) * top
            std = tuple(float(scales[0] / each) for each in scales)
            mean = tuple(float(-b * s) for b, s in zip(bias, std, strict=True))
            return Preprocessing(order, scale, mean, std)  # pyright: ignore[reportArgumentType]
    raise WeightsError(
        f"its first convolution {name} turns the colors into {matrix.tolist()}, expected one "
        "factor a color: use a file without it"
    )


def _floats(name: str, values: Values) -> np.ndarray:
    """Read values as float32."""
    if values.dtype not in _FLOATS:
        raise WeightsError(
            f"{name} ({values.name}) is {values.dtype}, expected floating-point numbers: "
            "use a file that is not quantized"
        )
    with np.errstate(over="ignore"):  # `check` reports what float32 cannot hold as not finite
        return np.asarray(values.read(), dtype=np.float32)


def _matching(kernels: Sequence[_Shape], architecture: str) -> int:
    """Return how many of the kernels are those that the architecture begins with."""
    expected = [shape for shape in shapes(architecture).values() if len(shape) == 4]
    for count, (one, other) in enumerate(zip(kernels, expected, strict=False)):
        if one != other:
            return count
    return min(len(kernels), len(expected))


def _permuted(shape: _Shape, permutation: Sequence[int]) -> _Shape:
    return tuple(shape[each] for each in permutation)


def _squeezed(shape: _Shape) -> _Shape:
    return tuple(length for length in shape if length != 1)
