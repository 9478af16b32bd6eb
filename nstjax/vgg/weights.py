"""Reading a converted network: one safetensors file with `conv1_1/kernel` (HWIO), `conv1_1/bias`, ...

`weights_tools` writes this layout; it is stated in both packages because neither imports the other.
"""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from nstjax.errors import UserError
from nstjax.settings.values import shown
from nstjax.vgg.architecture import CONVOLUTIONS_PER_STAGE, kernel_shapes
from nstjax.vgg.preprocess import Preprocessing

METADATA_KEYS = (
    "architecture",
    "channel_order",
    "scale",
    "mean",
    "std",
    "source",
    "source_sha256",
    "license",
)


@dataclass(frozen=True)
class Weights:
    """A trained network: its architecture, what its input looks like, and its tensors."""

    architecture: str  # "vgg16" or "vgg19"
    preprocessing: Preprocessing
    tensors: dict[str, np.ndarray]  # "conv1_1/kernel": (3, 3, 3, 64), "conv1_1/bias": (64,), ...
    last_layer: str = ""  # of a network that was cut, such as "conv4_1"

    def __post_init__(self):
        for name, expected in tensor_shapes(self.architecture, self.last_layer).items():
            if name not in self.tensors:
                raise UserError(f"the weights lack {name} {expected}: convert the file again")
            tensor = self.tensors[name]
            if tensor.shape != expected:
                raise UserError(
                    f"the weights hold {name} of shape {tensor.shape}, not {expected}: "
                    "this is another network"
                )
            if not np.isfinite(tensor).all():
                raise UserError(f"the weights hold NaN or infinity in {name}: get the file again")

    def kernel(self, suffix: str) -> np.ndarray:
        """The kernel `(3, 3, I, O)` of convolution `suffix`, such as `4_2`."""
        return self.tensors[f"conv{suffix}/kernel"]

    def bias(self, suffix: str) -> np.ndarray:
        """The bias `(O,)` of convolution `suffix`, such as `4_2`."""
        return self.tensors[f"conv{suffix}/bias"]


def tensor_shapes(architecture: str, last_layer: str = "") -> dict[str, tuple[int, ...]]:
    """Every tensor of the layout with its shape, up to `last_layer` where the network is cut."""
    shapes: dict[str, tuple[int, ...]] = {}
    for suffix, shape in kernel_shapes(architecture, last_layer).items():
        shapes[f"conv{suffix}/kernel"] = shape
        shapes[f"conv{suffix}/bias"] = shape[-1:]
    return shapes


def load_weights(path: str | Path) -> Weights:
    """The network in a converted `.safetensors` file.

    A `~` in front is the home folder.

    Raises `UserError` where the file is missing, damaged, of another kind, or holds NaN.
    """
    if not isinstance(path, str | os.PathLike):
        raise UserError(
            f"weights is {shown(path)}: give the path of a converted file, as "
            "weights_tools.fetch('vgg19') returns it, or nstjax.load_weights of it"
        )
    given = os.fsdecode(path)
    path = Path(os.path.expanduser(given))
    if not os.path.isfile(path):
        raise UserError(f"no weights file {path}: give {_instead(given)}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            # Files may store half precision to be small; features are computed from float32.
            tensors = {
                name: file.get_tensor(name).astype(np.float32, copy=False)
                for name in file.keys()  # noqa: SIM118 - the file is no mapping
            }
    except (SafetensorError, OSError, AttributeError, TypeError) as error:  # an unknown type
        raise UserError(
            f"cannot read weights {path}: {error}: it is damaged, or of another format, which "
            f"weights_tools.resolve({given!r}) converts"
        ) from None
    missing = [key for key in METADATA_KEYS if key not in metadata]
    if missing or metadata["architecture"] not in CONVOLUTIONS_PER_STAGE:
        what = f"metadata lacks {', '.join(missing)}" if missing else "unknown architecture"
        raise UserError(
            f"{path} is not a converted VGG ({what}): weights_tools.resolve({given!r}), or `nstjax "
            "weights convert`, makes one of it"
        )
    try:
        preprocessing = _preprocessing(metadata)
        last_layer = metadata.get("last_layer", "")
        return Weights(metadata["architecture"], preprocessing, tensors, last_layer)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _instead(given: str) -> str:
    """What to give where a text is no file; the networks' names are known to `weights_tools` only."""
    if Path(given).name == given and not Path(given).suffix:
        return (
            f"weights=weights_tools.fetch({given!r}) for a network that `nstjax weights list` names, or "
            "a file made by `nstjax weights convert`"
        )
    return "a file made by `nstjax weights convert`"


def _preprocessing(metadata: dict[str, str]) -> Preprocessing:
    try:
        order = metadata["channel_order"]
        scale = float(metadata["scale"])
        mean = tuple(float(value) for value in json.loads(metadata["mean"]))
        std = tuple(float(value) for value in json.loads(metadata["std"]))
    except (TypeError, ValueError, RecursionError):
        raise UserError("the preprocessing metadata are not numbers: convert again") from None
    numbers_fit = (
        len(mean) == len(std) == 3
        and all(math.isfinite(value) for value in (scale, *mean, *std))
        and all(value > 0 for value in (scale, *std))
    )
    if order not in ("rgb", "bgr") or not numbers_fit:
        raise UserError("the preprocessing metadata make no sense: convert again")
    return Preprocessing(order, scale, mean, std)  # pyright: ignore[reportArgumentType]
