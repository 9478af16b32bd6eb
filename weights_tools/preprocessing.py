"""What a network expects of its input, and the conventions that have names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from weights_tools.errors import WeightsError

CHANNEL_ORDERS = ("rgb", "bgr")


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True)
class Preprocessing:
    """What a network expects: `(scale * pixels[..., channel_order] - mean) / std`.

    `pixels` are sRGB in [0, 1]; `mean` and `std` are in the network's own channel order.

    Raises:
        WeightsError: an unknown channel order, or numbers that make no such input.
    """

    channel_order: str  # "rgb" or "bgr"
    scale: float  # 255 for networks that were trained on bytes
    mean: tuple[float, float, float]  # subtracted after the scale, in its units
    std: tuple[float, float, float]  # divides last

    def __post_init__(self) -> None:
        """Refuse what would silently spoil every picture."""
        if self.channel_order not in CHANNEL_ORDERS:
            raise WeightsError(
                f"channel_order is {self.channel_order!r}: it must be {' or '.join(CHANNEL_ORDERS)}"
            )
        if not (_is_number(self.scale) and self.scale > 0):
            raise WeightsError(f"scale is {self.scale!r}: it must be a positive number")
        for name, positive in (("mean", False), ("std", True)):
            values = getattr(self, name)
            if (
                not isinstance(values, list | tuple)
                or len(values) != 3
                or not all(_is_number(value) and (value > 0 or not positive) for value in values)
            ):
                kind = "positive numbers" if positive else "numbers"
                raise WeightsError(f"{name} is {values!r}: it must be three {kind}")
            object.__setattr__(self, name, tuple(float(value) for value in values))
        object.__setattr__(self, "scale", float(self.scale))

    def turned_round(self) -> Preprocessing:
        """Return the same for the other channel order."""
        other = {"rgb": "bgr", "bgr": "rgb"}[self.channel_order]
        mean, std = ((last, middle, first) for first, middle, last in (self.mean, self.std))
        return Preprocessing(other, self.scale, mean, std)

    def __str__(self) -> str:
        """Return it for people: BGR of 0 to 255, minus 103.939 116.779 123.68."""
        mean = f", minus {_numbers(self.mean)}" if any(self.mean) else ""
        std = f", over {_numbers(self.std)}" if set(self.std) != {1.0} else ""
        return f"{self.channel_order.upper()} of 0 to {self.scale:g}{mean}{std}"


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:g}" for value in values)


_ZEROS, _ONES = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
_RGB = MappingProxyType(
    {
        # Caffe's mean pixel of ImageNet; MatConvNet's networks take it red first.
        "caffe": Preprocessing("rgb", 255.0, (123.68, 116.779, 103.939), _ONES),
        # torchvision, timm and the ONNX model zoo.
        "torchvision": Preprocessing("rgb", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        # The rest is what networks were rewritten for. Those without a mean, which was folded into
        # the first bias, come last: where no bias is known, both fit equally.
        "centered": Preprocessing("rgb", 1.0, (0.485, 0.456, 0.406), _ONES),
        "signed": Preprocessing("rgb", 2.0, _ONES, _ONES),
        "bytes": Preprocessing("rgb", 255.0, _ZEROS, _ONES),
        "unit": Preprocessing("rgb", 1.0, _ZEROS, _ONES),
    }
)
# "caffe" alone is blue first, for so are Caffe, Keras, and Johnson's and Gatys' conversions.
PREPROCESSINGS: Mapping[str, Preprocessing] = MappingProxyType(
    {
        "caffe": _RGB["caffe"].turned_round(),
        "caffe-rgb": _RGB["caffe"],
        **{
            name: each
            for key, rgb in _RGB.items()
            if key != "caffe"
            for name, each in ((key, rgb), (f"{key}-bgr", rgb.turned_round()))
        },
    }
)


def named(name: str) -> Preprocessing:
    """Return the convention called `name`.

    Raises:
        WeightsError: lists the names there are.
    """
    if name not in PREPROCESSINGS:
        raise WeightsError(
            f"preprocessing {name!r} is unknown: use one of {', '.join(PREPROCESSINGS)}"
        )
    return PREPROCESSINGS[name]
