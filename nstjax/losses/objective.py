"""What is minimized: content, style, total variation and photorealism in one number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nstjax.errors import UserError
from nstjax.losses.content import CONTENT_LOSSES, squared_distance
from nstjax.losses.matting import photorealism, prepare_matting
from nstjax.losses.moments import MomentSums, blend, moment_sums, moments_of
from nstjax.losses.parts import Part, both, owned_at
from nstjax.losses.style import STYLE_LOSSES
from nstjax.losses.style_swap import (
    feature_sums,
    features_at,
    make_bank,
    mean_of,
    nearest_features,
    nearest_places,
)
from nstjax.losses.targets import (
    Features,
    LayerMasks,
    Maps,
    Offer,
    SharedBanks,
    StyleExample,
    StyleSums,
    Targets,
)
from nstjax.losses.total_variation import TOTAL_VARIATIONS


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

    @property
    def swaps(self) -> bool:
        """Whether the content is said in the style's features, which takes the content's means."""
        return self.content_target == "nearest"

    def style_sums(
        self, features: Features, masks: LayerMasks | None = None, part: Part | None = None
    ) -> StyleSums:
        """What is looked at in a style picture, or in a part of it, where masks mark it."""
        seen = {name: masks[name] if masks else None for name in self.layers}
        layers = {
            name: moment_sums(features[name], both(seen[name], owned_at(part, name)))
            for name in self.style_layers
        }
        banks = {
            name: make_bank(features[name].plain, seen[name], part and part.layers[name])
            for name in (self.content_layers if self.swaps else ())
        }
        return StyleSums(layers, banks)

    def style_target(self, examples: Sequence[StyleExample]) -> dict[str, Any]:
        """What the style distance needs of one or more examples, blended in their shares."""
        prepare = STYLE_LOSSES[self.style_loss].prepare
        shares = [example.share for example in examples]
        found = {}
        for name in self.style_layers:
            blended = blend([moments_of(each.sums.layers[name]) for each in examples], shares)
            found[name] = prepare(blended, sum(each.positions[name] for each in examples))
        return found

    def content_sums(
        self, features: Features, masks: Sequence[LayerMasks | None], part: Part | None = None
    ) -> tuple[dict[str, MomentSums], ...]:
        """Of each region, what `content_wanted` needs of the whole content; adds up over parts."""
        return tuple(
            {
                name: feature_sums(
                    features[name].plain, mask[name] if mask else None, part and part.layers[name]
                )
                for name in (self.content_layers if self.swaps else ())
            }
            for mask in masks
        )

    def content_wanted(
        self,
        features: Features,
        masks: Sequence[LayerMasks | None],
        regions: Sequence[tuple[dict[str, MomentSums], Sequence[SharedBanks]]],
    ) -> dict[str, jax.Array]:
        """The features `(H, W, N)`, or in each region what of its styles is nearest.

        Args:
            features: of the content, or of a crop of it.
            masks: of the regions there.
            regions: what `content_sums` found of each, and what its styles have to offer.
        """
        wanted = {name: features[name].plain for name in self.content_layers}
        if not self.swaps:
            return wanted
        for name, plain in wanted.items():
            target = plain
            for mask, (sums, styles) in zip(masks, regions, strict=True):
                mean = mean_of(sums[name])
                swapped = [
                    jnp.asarray(share, plain.dtype) * nearest_features(plain, mean, banks[name])
                    for banks, share in styles
                ]
                if swapped:
                    inside = sum(swapped[1:], swapped[0]) - plain
                    where = 1 if mask is None else mask[name][..., jnp.newaxis].astype(plain.dtype)
                    target = target + where * inside
            wanted[name] = target
        return wanted

    def content_places(
        self,
        features: Features,
        sums: dict[str, MomentSums],
        styles: Sequence[SharedBanks],
    ) -> dict[str, jax.Array]:
        """Where `content_at` finds what is wanted if one region is everywhere: `(H, W, styles)`.

        That is all there is to keep of it: four bytes a position and style in place of its features.
        Arguments are as for `content_wanted`, of that region.
        """
        return {
            name: jnp.stack(
                [
                    nearest_places(features[name].plain, mean_of(sums[name]), banks[name])
                    for banks, _ in styles
                ],
                axis=-1,
            )
            for name in self.content_layers
        }

    def content_at(
        self, places: Mapping[str, Any], offered: Sequence[Offer]
    ) -> dict[str, jax.Array]:
        """What is wanted, `(H, W, N)`: the features of the styles at these places, in their shares."""

        def at(name: str) -> jax.Array:
            parts = [
                jnp.asarray(share, features[name].dtype)
                * features_at(places[name][..., style], features[name])
                for style, (features, share) in enumerate(offered)
            ]
            return sum(parts[1:], parts[0])

        return {name: at(name) for name in self.content_layers}

    def scale(self, energy: jax.Array, values: int) -> jax.typing.ArrayLike:
        """What a content layer's distance is multiplied with, from `energy_of` of its target."""
        return CONTENT_LOSSES[self.content_loss].scale(energy, values)

    def totals(
        self, pixels: jax.Array, features: Features, maps: Maps, part: Part | None = None
    ) -> "Totals":
        """What the losses are made of. Of a part of a picture what that adds to the whole's.

        Args:
            pixels: `(H, W, 3)` of the picture or of a crop.
            features: of these.
            maps: what lies under them.
            part: what of the crop counts.
        """
        content = {
            name: squared_distance(features[name], maps.content[name], owned_at(part, name))
            for name in self.content_layers
        }
        style = tuple(
            {
                name: moment_sums(
                    features[name], both(mask[name] if mask else None, owned_at(part, name))
                )
                for name in self.style_layers
            }
            for mask in maps.masks
        )
        tv = TOTAL_VARIATIONS[self.tv_loss](pixels, part)
        if maps.photograph is None or not self.photorealistic:
            return Totals(content, style, tv, jnp.zeros_like(tv))
        photo = photorealism(pixels, prepare_matting(maps.photograph), part)
        return Totals(content, style, tv, photo)

    def losses(self, totals: "Totals", targets: Targets, weights: LossWeights) -> Losses:
        """`w_c sum_l w_l content_l + w_s sum_l w_l style_l + w_tv tv + w_p photo`.

        The shares w_l of a term's layers are 1 together: adding a layer, or changing its share, does not
        shift the balance of the terms. So are those of regions, which weigh a layer's style distances.
        """
        content = _weighted_sum(
            weights.content_layers,
            [
                jnp.asarray(targets.scales[name]) * totals.content[name]
                for name in self.content_layers
            ],
        )
        distance = STYLE_LOSSES[self.style_loss].distance
        style = _weighted_sum(
            [region.share for region in targets.regions],
            [
                _weighted_sum(
                    weights.style_layers,
                    [
                        distance(moments_of(sums[name]), region.style[name])
                        for name in self.style_layers
                    ],
                )
                for sums, region in zip(totals.style, targets.regions, strict=True)
            ],
        )
        total = weights.content * content + weights.style * style + weights.tv * totals.tv
        if self.photorealistic:
            total = total + weights.photo * totals.photo
        return Losses(total, content, style, totals.tv, totals.photo)


class Totals(NamedTuple):
    """Sums over positions, that the losses of a picture are made of. They add up over its parts."""

    content: dict[str, jax.Array]  # of each content layer: its squared distance
    style: tuple[dict[str, MomentSums], ...]  # of each region, at each style layer
    tv: jax.Array
    photo: jax.Array


def _weighted_sum(shares: Sequence[jax.typing.ArrayLike], terms: Sequence[jax.Array]) -> jax.Array:
    return sum(
        (jnp.asarray(share) * term for share, term in zip(shares, terms, strict=True)),
        start=jnp.float32(0),
    )
