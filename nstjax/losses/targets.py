"""What a picture is compared with, and what that is made from."""

from typing import Any, NamedTuple

import jax

from nstjax.feature_map import FeatureMap
from nstjax.losses.moments import MomentSums
from nstjax.losses.style_swap import Bank

Features = dict[str, FeatureMap]

# At each layer (H, W) in [0, 1]: how much a position of the feature map counts.
LayerMasks = dict[str, jax.Array]


class StyleSums(NamedTuple):
    """What is looked at in a style picture, or in a part of it that a mask marks; adds up over parts."""

    layers: dict[str, MomentSums]  # of the style layers
    banks: dict[
        str, Bank
    ]  # of the content layers, where the content is said in the style's features


# Banks of the content layers, and how much of this style there is among all.
SharedBanks = tuple[dict[str, Bank], jax.typing.ArrayLike]


# The same, of which only the features are asked.
Offer = tuple[dict[str, jax.Array], jax.typing.ArrayLike]


class StyleExample(NamedTuple):
    """What a part of the picture is to be like, or one of several such."""

    sums: StyleSums
    positions: dict[str, int]  # how many positions its picture has at each style layer
    share: jax.typing.ArrayLike = 1.0  # of this among all, which are 1 together


class RegionTarget(NamedTuple):
    """What a part of the picture is compared with in style."""

    style: dict[str, Any]  # what the style distance prepared of the moments of the style layers
    share: jax.typing.ArrayLike = 1.0  # of this part in the style term: its area; 1 together


class Maps(NamedTuple):
    """What lies under the picture, position by position."""

    # What is wanted there: (H, W, N), or where it is found in what styles offer: (H, W, styles).
    content: dict[str, FeatureMap | jax.Array]
    masks: tuple[LayerMasks | None, ...]  # where each region is; None: everywhere
    photograph: jax.Array | None = None  # pixels (H, W, 3), where they are looked at again


class Targets(NamedTuple):
    """What a picture is compared with at one level."""

    maps: Maps
    scales: dict[str, jax.typing.ArrayLike]  # what each content layer's distance is multiplied with
    regions: tuple[RegionTarget, ...]
    offered: tuple[Offer, ...] = ()  # by each style, for the content; none: the maps have features
