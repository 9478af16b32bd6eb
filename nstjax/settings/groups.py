"""The settings by what they are about: a dataclass each, whose comments are the command line's help."""

from dataclasses import dataclass
from typing import Annotated, Literal

from nstjax.settings.values import (
    Count,
    Layers,
    Positive,
    Range,
    Scales,
    Share,
    Side,
    Steps,
    Weight,
    Weights,
)

Ratio = Annotated[float, Range(above=1.05)]
Part = Annotated[float, Range(at_least=0, at_most=0.9999)]  # of an average: all would never move
StyleLoss = Literal[
    "mean_covariance", "covariance", "energy", "gram", "gram_sum", "gram_chw", "mean_std", "w2"
]
Colors = Literal[
    "style",
    "luminance",  # the painted picture's lightness, the content's chroma
    # The style is recolored first: the content's mean and covariance of colors, by three matrices, or
    # the whole distribution.
    "match",
    "match_pca",
    "match_cholesky",
    "histogram",
]
# Ours end before the fifth stage of the network, which sees things more than paint, and costs a
# quarter of the work.
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the result is."""

    size: Side = 512  # long side of the result in pixels


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a picture that has no content; else it is the content's."""

    aspect: Positive = 1.0  # width over height


@dataclass(frozen=True, kw_only=True)
class Style:
    """What is taken over from the style pictures, and how it is compared."""

    style_weight: Weight = 1.0  # how much the style's statistics count
    style_blend: Weights | None = None  # share of each style picture; None: equal
    style_scale: Scales = (1.0,)  # strokes' size beside the style picture's; several are mixed
    style_size: Side | None = None  # long side of the style pictures in place of the result's
    style_layers: Layers = STYLE_LAYERS  # layers whose statistics are compared
    style_layer_weights: Weights | None = None  # one each, relative; None: equal
    style_loss: StyleLoss = "mean_covariance"  # distance of statistics; w2 takes longest


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is kept of the content picture."""

    content_weight: Weight = 0.15  # a tenth: mostly painting; ten times: mostly photograph
    content_layers: Layers = ("relu3_1", "relu4_1")  # layers whose feature maps are compared
    content_layer_weights: Weights | None = None  # one each, relative; None: equal
    content_target: Literal["content", "nearest"] = "nearest"  # those, or the nearest of the style
    content_loss: Literal["energy", "mean", "sum"] = "energy"  # distance of feature maps
    photo_weight: Weight = 0.0  # how much it stays a photograph of the content (Matting Laplacian)


@dataclass(frozen=True, kw_only=True)
class Smoothness:
    """How little neighboring pixels differ."""

    tv_weight: Weight = 2.0  # how much smoothness counts (total variation)
    tv_loss: Literal["l2", "l1", "power", "nine_point"] = "l2"  # form of the total variation


@dataclass(frozen=True, kw_only=True)
class Color:
    """Whose colors the picture has."""

    color: Colors = "style"  # the style's; or the content's: by luminance, or the style recolored
    color_strength: Share = 1.0  # how far to go there from the style's colors, 0 to 1


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where the optimization begins."""

    init: str = "recolored"  # recolored, content, style, style_noise, gray, noise, file, mixture
    seed: Count = 0  # seed of the noise


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Coarse to fine: sizes and steps."""

    steps: Steps = 45  # steps at the full size
    coarse_steps: Count = 50  # steps at each coarser level
    first_steps: Steps | None = None  # steps at the first level, if they are others
    coarsest: Side = 120  # long side of the first level in pixels; at least size: one level only
    level_ratio: Ratio = 1.75  # how much larger each level is than the one before


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """How the pixels are changed."""

    optimizer: Literal["lbfgs", "adam"] = "lbfgs"  # L-BFGS needs far fewer steps
    learning_rate: Positive | None = None  # step length; by default 1 for lbfgs and 0.02 for adam
    adam_beta2: Part = 0.99  # share of earlier squared gradients in adam's average
    carry_moments: bool = False  # adam's moments go on from level to level
    averaging: Part = 0.0  # share of earlier pictures in their running average, the result


@dataclass(frozen=True, kw_only=True)
class Network:
    """How the pictures are looked at."""

    pooling: Literal["average", "max", "l2"] = "max"  # as VGG was trained; average is smoothest
    padding: Literal["zeros", "replicate", "reflect"] = "replicate"  # around the picture
    precision: Literal["float32", "bfloat16"] = "float32"  # of the features; TF32 on recent GPUs
