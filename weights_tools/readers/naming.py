"""What the names in a file tell: which bias belongs to which kernel, and what order they have.

Every library has its own names (`block3_conv2/kernel:0`, `features.12.weight`, `conv3_2_W`,
`arr_8`), so they are used only to pair and to order; the shapes say what a layer is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from weights_tools.errors import WeightsError
from weights_tools.readers.checkpoint import Convolution, Values

_NUMBER = re.compile(r"\d+")
_STAGED = re.compile(r"(?:block(\d+)_conv|(?<![a-z\d])conv(\d+)_)(\d+)(?!\d)")
_COUNTED = re.compile(r"(?:\bblock(\d+)/(?:.*/)?)?\bconv2d(?:_(\d+))?\b")
_KERNEL = re.compile(r"(?:^|(?<=[^a-zA-Z\d]))(?:weights?|kernel|filters?|W)(?:_\d+)?(?::0)?$")
_BIAS = re.compile(r"(?:^|(?<=[^a-zA-Z\d]))(?:bias(?:es)?|b)(?:_\d+)?(?::0)?$")


def staged(name: str) -> tuple[int, int] | None:
    """Return the stage and the index in it, from 1, where a name says both: conv3_2 is (3, 2)."""
    if found := _STAGED.search(name):
        return int(found[1] or found[2]), int(found[3])
    # Keras 3 numbers the layers inside each stage's own model from 0, and leaves the 0 out.
    if (found := _COUNTED.search(name)) and found[1]:
        return int(found[1]), int(found[2] or 0) + 1
    return None


def in_order(convolutions: Iterable[Convolution]) -> tuple[Convolution, ...]:
    """Sort convolutions by what their names say.

    Raises:
        WeightsError: two names say the same place, or one says none.
    """
    by_place: dict[tuple[int, ...], Convolution] = {}
    for convolution in convolutions:
        name = convolution.kernel.name
        numbers = place(name)
        if not numbers:
            raise WeightsError(
                f"the name {name} does not say which convolution of a VGG it is: use a file whose "
                "layers are named block1_conv1, conv1_1, features.0 or conv2d, conv2d_1 and so on"
            )
        if numbers in by_place:
            raise WeightsError(
                f"the names of its layers do not put them in one order ({name} and "
                f"{by_place[numbers].kernel.name}): name them block1_conv1, conv1_1 or features.0"
            )
        by_place[numbers] = convolution
    return tuple(by_place[numbers] for numbers in sorted(by_place))


def paired(tensors: Iterable[Values]) -> list[Convolution]:
    """Find the kernels of four axes in a flat list of tensors, each with its bias.

    `features.0.weight` goes with `features.0.bias`, `conv1_1_W` with `conv1_1_b`, and a name that
    ends in a number (`arr_8`, `conv1_1/0`) with the next number.

    Raises:
        WeightsError: the network has batch normalization, which no VGG of the papers has.
    """
    vectors: dict[str, Values] = {}
    kernels: dict[str, Values] = {}
    for each in tensors:
        if each.name.endswith("running_mean"):
            raise batch_normalization(each.name)
        if len(each.shape) == 4 and may_be_trunk(each.shape):
            kernels[_KERNEL.sub("*", each.name)] = each
        else:
            vectors[_BIAS.sub("*", each.name)] = each
    return [Convolution(each, vectors.get(_bias_key(key))) for key, each in kernels.items()]


def batch_normalization(name: str) -> WeightsError:
    """Return the error of a network that normalizes batches, by the name of what says so."""
    return WeightsError(
        f"it has batch normalization ({name}): use the network without it, "
        "vgg16 or vgg19 instead of vgg16_bn or vgg19_bn"
    )


def may_be_trunk(shape: tuple[int, ...]) -> bool:
    """Tell whether a kernel may be a VGG's, 3x3, or a 1x1 that turns pixels into its input."""
    return any(shape[i : i + 2] == (3, 3) for i in range(3)) or math.prod(shape) == 9


def _bias_key(kernel_key: str) -> str:
    numbers = list(_NUMBER.finditer(kernel_key))
    if kernel_key.endswith("*") or not numbers:
        return kernel_key
    last = numbers[-1]
    return f"{kernel_key[: last.start()]}{int(last[0]) + 1}{kernel_key[last.end() :]}"


def place(name: str) -> tuple[int, ...]:
    """Return numbers that sort as the network computes, or none where a name has none."""
    if found := staged(name):
        return found
    if found := _COUNTED.search(name):
        return (int(found[2] or 0),)
    # The last number may only say which tensor of the layer it is (`.../vars/0`, `W_1:0`).
    return tuple(int(number[0][:18]) for number in _NUMBER.finditer(_KERNEL.sub("", name)))
