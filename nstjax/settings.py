"""Everything that decides what a picture will look like, in one frozen dataclass."""

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Literal

from nstjax.errors import UserError

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
StyleLoss = Literal["energy", "gram", "gram_sum", "gram_chw", "covariance", "mean_std", "w2"]
Color = Literal[
    "style",
    "luminance",  # the painted picture's lightness, the content's chroma
    # The style is recolored first: the content's mean and covariance of colors, by three matrices, or
    # the whole distribution.
    "match",
    "match_pca",
    "match_cholesky",
    "histogram",
]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The recipe of a picture; a value that cannot work raises `UserError`."""

    size: int = 512  # long side of the result in pixels; the aspect ratio is the content's
    content_weight: float = 0.05  # how much the content's feature maps count
    style_weight: float = 1.0  # how much the style's Gram matrices count
    style_blend: tuple[float, ...] | None = None  # share of each style picture; None: equal
    style_scale: float = 1.0  # strokes' size beside the style picture's; 2: twice as large
    tv_weight: float = 0.5  # how much smoothness counts (total variation)
    content_layers: tuple[str, ...] = ("relu4_2",)  # layers whose feature maps are compared
    style_layers: tuple[str, ...] = STYLE_LAYERS  # layers whose Gram matrices are compared
    content_layer_weights: tuple[float, ...] | None = None  # one each, relative; None: equal
    style_layer_weights: tuple[float, ...] | None = None  # one each, relative; None: equal
    content_loss: Literal["energy", "mean", "sum"] = "energy"  # distance of feature maps
    style_loss: StyleLoss = "energy"  # distance of feature statistics; w2 takes longest
    tv_loss: Literal["l2", "l1", "power", "nine_point"] = "l2"  # form of the total variation
    pooling: Literal["average", "max"] = "average"  # average is smoother, max as VGG was trained
    padding: Literal["zeros", "replicate"] = "zeros"  # what the first layer sees around the picture
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"  # L-BFGS needs far fewer steps
    learning_rate: float | None = None  # step length; by default 1 for lbfgs and 0.02 for adam
    steps: int = 40  # steps at the full size
    coarse_steps: int = 45  # steps at each coarser level
    first_steps: int | None = None  # steps at the first level, if they are others
    coarsest: int = 120  # long side of the first level in pixels; at least size: one level only
    level_ratio: float = 1.75  # how much larger each level is than the one before
    averaging: float = 0.0  # share of earlier pictures in their running average, the result
    carry_moments: bool = False  # adam's moments go on from level to level
    color: Color = "style"  # the style's; or the content's: by luminance, or the style recolored
    color_strength: float = 1.0  # how far to go there from the style's colors, 0 to 1
    init: str = "recolored"  # first picture: recolored, content, noise, or a picture file
    seed: int = 0  # seed of the noise
    precision: Literal["float32", "bfloat16"] = "float32"  # of the features; TF32 on recent GPUs

    def __post_init__(self):
        hints = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name), hints[field.name])
        if self.carry_moments and self.optimizer != "adam":
            raise UserError(
                f"carry_moments is for adam and optimizer is {self.optimizer!r}: leave one of them out"
            )
        if self.style_blend is not None and not any(self.style_blend):
            raise UserError(f"style_blend is {self.style_blend}: give at least one more than 0")
        for term in ("content", "style"):
            _check_layer_weights(
                f"{term}_layer_weights",
                getattr(self, f"{term}_layer_weights"),
                getattr(self, f"{term}_layers"),
            )


# The least value of every number, and whether it may be that value itself.
_AT_LEAST = {
    "size": 16,
    "content_weight": 0,
    "style_weight": 0,
    "style_blend": 0,
    "tv_weight": 0,
    "content_layer_weights": 0,
    "style_layer_weights": 0,
    "steps": 1,
    "coarse_steps": 0,
    "first_steps": 1,
    "averaging": 0,
    "coarsest": 16,
    "color_strength": 0,
    "seed": 0,
}
_AT_MOST = {"color_strength": 1, "averaging": 0.9999}
_ABOVE = {"learning_rate": 0, "level_ratio": 1.05, "style_scale": 0}


def _check(name: str, value: object, hint: object) -> None:
    if isinstance(hint, types.UnionType):
        if value is None:
            return
        (hint,) = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    if typing.get_origin(hint) is Literal:
        allowed = typing.get_args(hint)
        if value not in allowed:
            raise UserError(f"{name} is {value!r}: use one of {', '.join(allowed)}")
    elif hint == tuple[float, ...]:
        if not isinstance(value, tuple):
            raise UserError(f"{name} is {value!r}: give numbers in a tuple, or None")
        for weight in value:
            _check_number(name, weight, float)
    elif isinstance(hint, types.GenericAlias):
        strings = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        if not strings or not value:
            raise UserError(f"{name} is {value!r}: give at least one layer name, in a tuple")
    elif hint is bool:
        if not isinstance(value, bool):
            raise UserError(f"{name} is {value!r}: give True or False")
    elif hint is str:
        if not isinstance(value, str):
            raise UserError(f"{name} is {value!r}: give a string")
    else:
        _check_number(name, value, hint)


def _check_layer_weights(
    name: str, weights: tuple[float, ...] | None, layers: tuple[str, ...]
) -> None:
    if weights is None:
        return
    if len(weights) != len(layers):
        raise UserError(
            f"{name} is {weights}: give one number for each of {', '.join(layers)}, or None"
        )
    if not any(weights):
        raise UserError(f"{name} is {weights}: give at least one more than 0")


def _check_number(name: str, value: object, hint: object) -> None:
    whole = hint is int
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise UserError(f"{name} is {value!r}: give a {'whole ' if whole else ''}number")
    if name in _AT_LEAST and value < _AT_LEAST[name]:
        raise UserError(f"{name} is {value}: give at least {_AT_LEAST[name]}")
    if name in _ABOVE and value <= _ABOVE[name]:
        raise UserError(f"{name} is {value}: give more than {_ABOVE[name]}")
    if name in _AT_MOST and value > _AT_MOST[name]:
        raise UserError(f"{name} is {value}: give at most {_AT_MOST[name]}")
    if value >= 2**31:
        raise UserError(f"{name} is {value}: give less than 2^31")
    if math.isnan(value):  # last: it passes every comparison, and `isnan` fails for huge integers
        raise UserError(f"{name} is {value}: give a finite number")
