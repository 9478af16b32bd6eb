"""What is minimized: content, style and total variation in one number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nstjax.errors import UserError
from nstjax.losses.content import CONTENT_LOSSES
from nstjax.losses.moments import blend, moments
from nstjax.losses.style import STYLE_LOSSES
from nstjax.losses.total_variation import TOTAL_VARIATIONS

Features = dict[str, jax.Array]


class Targets(NamedTuple):
    """What a picture is compared with at one level."""

    content: dict[str, jax.Array]  # feature maps (..., H, W, C) of the content layers
    style: dict[str, Any]  # what the style distance prepared of the moments of the style layers


class LossWeights(NamedTuple):
    """How much each term counts. Traced by the compiled step: changing them recompiles nothing."""

    content: jax.Array | float
    style: jax.Array | float
    tv: jax.Array | float
    content_layers: tuple[jax.Array | float, ...]  # each layer's share, together 1
    style_layers: tuple[jax.Array | float, ...]


class Losses(NamedTuple):
    """The terms before weighting, and their weighted total."""

    total: jax.Array
    content: jax.Array
    style: jax.Array
    tv: jax.Array


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
        styles: Sequence[Features],
        shares: Sequence[jax.typing.ArrayLike],
    ) -> Targets:
        """Targets from the features of the content and of one or more styles, blended in shares."""
        prepare = STYLE_LOSSES[self.style_loss].prepare
        return Targets(
            {name: content[name] for name in self.content_layers},
            {
                name: prepare(
                    blend([moments(style[name]) for style in styles], shares),
                    sum(style[name].shape[-3] * style[name].shape[-2] for style in styles),
                )
                for name in self.style_layers
            },
        )

    def __call__(
        self, pixels: jax.Array, features: Features, targets: Targets, weights: LossWeights
    ) -> Losses:
        """`w_c sum_l w_l content_l + w_s sum_l w_l style_l + w_tv tv`, each `(...)` as the batch.

        The shares w_l of a term's layers are 1 together: adding a layer, or changing its share, does not
        shift the balance of the terms.
        """
        content_loss = CONTENT_LOSSES[self.content_loss]
        style_loss = STYLE_LOSSES[self.style_loss].distance
        content = _weighted_sum(
            weights.content_layers,
            [content_loss(features[name], targets.content[name]) for name in self.content_layers],
        )
        style = _weighted_sum(
            weights.style_layers,
            [
                style_loss(moments(features[name]), targets.style[name])
                for name in self.style_layers
            ],
        )
        tv = TOTAL_VARIATIONS[self.tv_loss](pixels)
        total = weights.content * content + weights.style * style + weights.tv * tv
        return Losses(total, content, style, tv)


def _weighted_sum(shares: Sequence[jax.Array | float], terms: Sequence[jax.Array]) -> jax.Array:
    return sum(
        (share * term for share, term in zip(shares, terms, strict=True)), start=jnp.float32(0)
    )
