"""What pixels a network expects, decided from its first layer where the file does not say it.

Files of Caffe's and torchvision's networks look alike, and so do files for RGB and BGR, for bytes
and for numbers up to 1, and files into whose first bias the mean pixel was folded. But there are few
trained VGGs, and each file is one of them, or trained on from one, with its first layer rewritten
for another input. So for every input that is in use, we rewrite the file's first layer back into
that for the input of a network that we know, and look where it comes nearest to what we know.

For color c and pixels p in [0, 1], an input is x_c = a_c p_c - m_c with a = scale / std and
m = mean / std. Filters w and biases b for such an input do the same for another one, a' and m', as

    w'_c = w_c a_c / a'_c
    b'   = b + sum_c (a_c m'_c / a'_c - m_c) sum_xy w_c(x, y)

With v_f = (w'_f, s b'_f) for filter f, u_f the same of the known network, and s such that its biases
count as much as its filters, the difference is

    E = sum_f |v_f - g_f u_f|^2 / sum_f |g_f u_f|^2

where g = 1, or, for a network whose filters were rescaled (Gatys' normalized VGG), the g_f > 0 that
fits best. Then v_f and u_f change places, so that all filters count alike:
E = sum_f |u_f|^2 (1 - cos^2(u_f, v_f)) / sum_f |u_f|^2. With g = 1, what a shift of the mean pixel by
up to two bytes explains of the biases' difference is left out. A file is recognized where the least
E is under `LIKENESS`.
"""

from __future__ import annotations

import functools
import importlib.resources
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weights_tools.assembly import Trunk
from weights_tools.preprocessing import PREPROCESSINGS, Preprocessing
from weights_tools.sources import Source

# The square of a relative difference. Caffe's VGG16 and VGG19, whose first layers were initialized
# from one network, differ by 0.03; a network trained on from VGG16 to find edges by 0.03 from it, and
# by 0.08 from VGG19; networks of different families by 0.69 and more, even with free gains.
LIKENESS = 0.3
# Free gains fit anything better; they are believed only where they fit this much better.
_GAIN_FACTOR = 0.25
_MEAN_SHIFT = 2 / 255


@dataclass(frozen=True)
class Decision:
    """What a network expects, and how that was found, for people."""

    preprocessing: Preprocessing
    reason: str


@dataclass(frozen=True, eq=False)
class _Reference:
    """The first layer of a known network, or some of its filters."""

    name: str
    preprocessing: Preprocessing
    filters: list[int]
    kernel: np.ndarray  # (3, 3, 3, filters), HWIO in the order of `preprocessing`
    bias: np.ndarray | None  # (filters,)


def decide(
    trunk: Trunk,
    *,
    known: Source | None = None,
    given: Preprocessing | None = None,
    usual: str,
    file_format: str,
) -> Decision:
    """Decide what a network expects: as told, as known, as the file says, by test, or by custom.

    Args:
        trunk: the network.
        known: the published file that it is.
        given: what the user says.
        usual: what files of this kind usually expect, a key of PREPROCESSINGS.
        file_format: the name of that kind.
    """
    if given:
        return stated(trunk.tensors, given, "given")
    if known:
        return Decision(known.preprocessing, f"known file {known.name}")
    if trunk.preprocessing:
        return stated(trunk.tensors, trunk.preprocessing, "stated by the file")
    return recognize(trunk.tensors) or Decision(
        PREPROCESSINGS[usual],
        f"first layer unknown, assumed `{usual}` as usual in {file_format} files: if colors or style "
        "look wrong, set --preprocessing",
    )


def stated(tensors: Mapping[str, np.ndarray], said: Preprocessing, by: str) -> Decision:
    """Believe what is said of a network, and tell if its first layer speaks against it."""
    found = recognize(tensors)
    if found is None or alike(found.preprocessing, said):
        return Decision(said, by)
    return Decision(said, f"{by}, BUT {found.reason}")


def recognize(tensors: Mapping[str, np.ndarray]) -> Decision | None:
    """Recognize the first layer of a known network and the input for which it was rewritten.

    Args:
        tensors: with `conv1_1/kernel`, `(3, 3, 3, 64)` in HWIO, and `conv1_1/bias`, `(64,)`.

    Returns None where it resembles no known network.
    """
    kernel, bias = tensors["conv1_1/kernel"], tensors["conv1_1/bias"]
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        return None
    found: list[tuple[float, float, str, str]] = []
    for reference, (name, expected) in itertools.product(_references(), PREPROCESSINGS.items()):
        found.append((*_errors(kernel, bias, reference, expected), reference.name, name))
    # `min` takes the first of equals: the most usual input.
    plain = min(found, key=lambda each: round(each[0], 9))
    rescaled = min(found, key=lambda each: round(each[1], 9))
    is_rescaled = rescaled[1] < _GAIN_FACTOR * plain[0]
    *errors, network, name = rescaled if is_rescaled else plain
    if errors[is_rescaled] >= LIKENESS:
        return None
    return Decision(
        PREPROCESSINGS[name],
        f"its first layer is that of {network}{', rescaled,' if is_rescaled else ''} for input "
        f"`{name}` (difference {math.sqrt(errors[is_rescaled]):.2g})",
    )


def alike(one: Preprocessing, other: Preprocessing) -> bool:
    """Tell whether two inputs are the same but for a percent: mean pixels were rounded variously."""
    if one.channel_order != other.channel_order:
        return False
    (slopes, shifts), (other_slopes, other_shifts) = _affine(one), _affine(other)
    size = np.abs(slopes).max()
    return bool(
        np.allclose(slopes, other_slopes, rtol=0.03)
        and np.allclose(shifts, other_shifts, atol=0.03 * size)
    )


def _errors(
    kernel: np.ndarray, bias: np.ndarray, reference: _Reference, expected: Preprocessing
) -> tuple[float, float]:
    """Return E of a first layer for the input `expected`, as it is and with free gains."""
    rewritten, shifted = _rewritten(kernel, bias, expected, reference.preprocessing)
    v, u = [rewritten.reshape(27, -1)[:, reference.filters]], [reference.kernel.reshape(27, -1)]
    nuisance = 0.0
    if reference.bias is not None:
        weight = np.linalg.norm(reference.kernel) / np.linalg.norm(reference.bias)
        v.append(weight * shifted[np.newaxis, reference.filters])
        u.append(weight * reference.bias[np.newaxis])
        sums = rewritten.sum((0, 1))[:, reference.filters]
        excess = shifted[reference.filters] - reference.bias
        nuisance = weight * _mean_shift(sums, excess, reference.preprocessing) @ sums
    found, known = np.concatenate(v), np.concatenate(u)
    u2, v2, uv = (known**2).sum(0), (found**2).sum(0), (known * found).sum(0)
    # |u|^2 (1 - cos^2) = |u|^2 - (u v)^2 / |v|^2, where the gain is positive.
    cosine_part = np.maximum(uv, 0) ** 2 / np.maximum(v2, np.finfo(float).tiny)
    difference = found - known
    difference[27:] -= nuisance
    return float((difference**2).sum() / u2.sum()), float(1 - cosine_part.sum() / u2.sum())


def _mean_shift(sums: np.ndarray, excess: np.ndarray, expected: Preprocessing) -> np.ndarray:
    """Return the shift of the mean pixel, (3,), that explains most of what biases have in excess.

    Mean pixels were rounded variously, (103.939, ...) to (104, ...), so up to `_MEAN_SHIFT` counts
    for nothing; without that, a bias of 0.5 beside a filter that sums to 1 would look quite other.
    """
    shift, *_ = np.linalg.lstsq(sums.T, excess)
    slopes, _ = _affine(expected)
    return np.clip(shift, -_MEAN_SHIFT * slopes, _MEAN_SHIFT * slopes)


def _rewritten(
    kernel: np.ndarray, bias: np.ndarray, given: Preprocessing, wanted: Preprocessing
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first layer for another input: what it computes stays (but for the borders)."""
    kernel = kernel.astype(np.float64)
    slopes, shifts = _affine(given)
    if given.channel_order != wanted.channel_order:
        kernel, slopes, shifts = kernel[:, :, ::-1], slopes[::-1], shifts[::-1]
    new_slopes, new_shifts = _affine(wanted)
    # w'_c = w_c a_c / a'_c
    ratio = slopes / new_slopes
    # b' = b + sum_c (a_c m'_c / a'_c - m_c) sum_xy w_c(x, y)
    return kernel * ratio[:, np.newaxis], bias + (ratio * new_shifts - shifts) @ kernel.sum((0, 1))


def _affine(preprocessing: Preprocessing) -> tuple[np.ndarray, np.ndarray]:
    """Return a and m of x = a p - m, each (3,)."""
    std = np.array(preprocessing.std)
    return preprocessing.scale / std, np.array(preprocessing.mean) / std


@functools.cache
def _references() -> list[_Reference]:
    text = importlib.resources.files("weights_tools").joinpath("first_layers.json").read_text()
    return [
        _Reference(
            entry["name"],
            PREPROCESSINGS[entry["preprocessing"]],
            entry["filters"],
            np.array(entry["kernel"]).transpose(2, 3, 1, 0),  # as torch prints them, OIHW
            None if entry["bias"] is None else np.array(entry["bias"])[entry["filters"]],
        )
        for entry in json.loads(text)
    ]
