"""What is minimized: content, style, total variation and photorealism in one number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nstjax.errors import UserError
from nstjax.feature_map import FeatureMap
from nstjax.losses.content import CONTENT_LOSSES
from nstjax.losses.matting import Matting, photorealism, prepare_matting
from nstjax.losses.moments import Moments, blend, moments
from nstjax.losses.style import STYLE_LOSSES
from nstjax.losses.style_swap import style_swap
from nstjax.losses.total_variation import TOTAL_VARIATIONS

Features = dict[str, FeatureMap]


# At each layer (H, W) in [0, 1]: how much a position of the feature map counts.
LayerMasks = dict[str, jax.Array]


class StyleExample(NamedTuple):
    """What a part of the picture is to be like, or one of several such."""

    features: Features
    share: jax.typing.ArrayLike = 1.0  # of this among all, which are 1 together
    masks: LayerMasks | None = None  # where in it; None: everywhere


class StyledRegion(NamedTuple):
    """What a part of the picture is to be like, and where it is."""

    examples: Sequence[StyleExample]
    share: jax.typing.ArrayLike = 1.0  # of this part among all: its area; 1 together
    masks: LayerMasks | None = None  # where it is; None: everywhere


class RegionTarget(NamedTuple):
    """What a part of the picture is compared with in style."""

    style: dict[str, Any]  # what the style distance prepared of the moments of the style layers
    share: jax.typing.ArrayLike = 1.0  # of this part in the style term: its area; 1 together
    masks: LayerMasks | None = None  # where it is; None: everywhere


class Targets(NamedTuple):
    """What a picture is compared with at one level."""

    content: Features  # of the content layers, or what is wanted in their place
    regions: tuple[RegionTarget, ...]
    photograph: Matting | None = None  # where the objective is photorealistic


class LossWeights(NamedTuple):
    """How much each term counts. Traced by the compiled step: changing them recompiles nothing."""

    content: jax.Array | float
    style: jax.Array | float
    tv: jax.Array | float
    content_layers: tuple[jax.Array | float, ...]  # each layer's share, together 1
    style_layers: tuple[jax.Array | float, ...]
    photo: jax.Array | float = 0.0


class Losses(NamedTuple):
    """The terms before weighting, and their weighted total."""

    total: jax.Array
    content: jax.Array
    style: jax.Array
    tv: jax.Array
    photo: jax.Array


@dataclass(frozen=True)
class Objective:
    """Which layers are compared, and how.

    Raises `UserError` where a name is not one of the losses.
    """

    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    content_loss: str
    style_loss: str
    tv_loss: str
    content_target: str = "content"  # or "nearest"; see `style_swap`
    photorealistic: bool = False  # else that term is 0, and not computed

    def __post_init__(self):
        for kind, name, known in (
            ("content", self.content_loss, CONTENT_LOSSES),
            ("style", self.style_loss, STYLE_LOSSES),
            ("tv", self.tv_loss, TOTAL_VARIATIONS),
        ):
            if name not in known:
                raise UserError(f"unknown {kind} loss {name!r}: use one of {', '.join(known)}")

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that is needed, once."""
        return tuple(dict.fromkeys(self.content_layers + self.style_layers))

    def targets(
        self,
        content: Features,
        regions: Sequence[StyledRegion],
        photograph: jax.typing.ArrayLike | None = None,
    ) -> Targets:
        """What a picture is compared with.

        Args:
            content: features of the content; empty for a picture without one.
            regions: its parts, and what they are to be like.
            photograph: the content's pixels `(H, W, 3)`, where photorealism counts.
        """
        return Targets(
            {
                name: self._content_target(content[name], regions, name)
                for name in self.content_layers
            },
            tuple(
                RegionTarget(self._style_target(region.examples), region.share, region.masks)
                for region in regions
            ),
            None if photograph is None or not self.photorealistic else prepare_matting(photograph),
        )

    def _content_target(
        self, features: FeatureMap, regions: Sequence[StyledRegion], layer: str
    ) -> FeatureMap:
        """The features, or in each region what of its styles is nearest; elsewhere the features."""
        if self.content_target != "nearest":
            return replace(features, sums=None)  # which are for the style
        plain = target = features.plain
        for region in regions:
            mask = region.masks[layer] if region.masks else None
            swapped = [
                jnp.asarray(example.share, plain.dtype)
                * style_swap(
                    plain,
                    example.features[layer].plain,
                    mask,
                    example.masks[layer] if example.masks else None,
                )
                for example in region.examples
            ]
            if swapped:
                inside = sum(swapped[1:], swapped[0]) - plain
                where = 1 if mask is None else mask[..., jnp.newaxis].astype(plain.dtype)
                target = target + where * inside
        return features.with_plain(target)

    def _style_target(self, examples: Sequence[StyleExample]) -> dict[str, Any]:
        """What the style distance needs of one or more examples, blended in their shares."""
        prepare = STYLE_LOSSES[self.style_loss].prepare
        shares = [example.share for example in examples]
        found = {}
        for name in self.style_layers:
            maps = [example.features[name] for example in examples]
            masks = [example.masks[name] if example.masks else None for example in examples]
            blended = blend(list(map(moments, maps, masks)), shares)
            found[name] = prepare(blended, sum(each.positions for each in maps))
        return found

    def __call__(
        self, pixels: jax.Array, features: Features, targets: Targets, weights: LossWeights
    ) -> Losses:
        """`w_c sum_l w_l content_l + w_s sum_l w_l style_l + w_tv tv + w_p photo`: `(...)` each.

        The shares w_l of a term's layers are 1 together: adding a layer, or changing its share, does not
        shift the balance of the terms. So are those of regions, which weigh a layer's style distances.
        """
        content_loss = CONTENT_LOSSES[self.content_loss]
        style_loss = STYLE_LOSSES[self.style_loss].distance
        content = _weighted_sum(
            weights.content_layers,
            [content_loss(features[name], targets.content[name]) for name in self.content_layers],
        )
        style = _weighted_sum(
            [region.share for region in targets.regions],
            [
                _weighted_sum(
                    weights.style_layers,
                    [
                        style_loss(_moments_in(features[name], region, name), region.style[name])
                        for name in self.style_layers
                    ],
                )
                for region in targets.regions
            ],
        )
        tv = TOTAL_VARIATIONS[self.tv_loss](pixels)
        total = weights.content * content + weights.style * style + weights.tv * tv
        if targets.photograph is None:
            return Losses(total, content, style, tv, jnp.zeros_like(tv))
        photo = photorealism(pixels, targets.photograph)
        return Losses(total + weights.photo * photo, content, style, tv, photo)


def _moments_in(features: FeatureMap, region: RegionTarget, layer: str) -> Moments:
    return moments(features, region.masks[layer] if region.masks else None)


def _weighted_sum(shares: Sequence[jax.typing.ArrayLike], terms: Sequence[jax.Array]) -> jax.Array:
    return sum(
        (jnp.asarray(share) * term for share, term in zip(shares, terms, strict=True)),
        start=jnp.float32(0),
    )
