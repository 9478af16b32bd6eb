"""An objective on features that are known as a whole: its targets and losses, without a network."""

from collections.abc import Sequence
from typing import NamedTuple

from nstjax import losses
from nstjax.losses import Maps, RegionTarget, Targets, energy_of


class StyleExample(NamedTuple):
    """What a part of the picture is to be like, or one of several such."""

    features: dict
    share: float = 1.0  # of this among all, which are 1 together
    masks: dict | None = None  # where in it, at each layer; None: everywhere


class StyledRegion(NamedTuple):
    """What a part of the picture is to be like, and where it is."""

    examples: Sequence[StyleExample]
    share: float = 1.0  # of this part among all: its area; 1 together
    masks: dict | None = None  # where it is, at each layer; None: everywhere


def targets(objective, content, regions, photograph=None):
    """What a picture is compared with; content is empty for a picture without one."""
    masks = tuple(region.masks for region in regions)
    examples = [[_sums(objective, each) for each in region.examples] for region in regions]
    banks = [[(each.sums.banks, each.share) for each in some] for some in examples]
    wanted = scales = {}
    if content:
        sums = objective.content_sums(content, masks)
        found = objective.content_wanted(content, masks, list(zip(sums, banks, strict=True)))
        wanted = {name: content[name].with_plain(each) for name, each in found.items()}
        scales = {
            name: objective.scale(energy_of(each), each.positions * each.channels)
            for name, each in wanted.items()
        }
    styled = tuple(
        RegionTarget(objective.style_target(some) if some else {}, region.share)
        for some, region in zip(examples, regions, strict=True)
    )
    return Targets(Maps(wanted, masks, photograph), scales, styled)


def _sums(objective, example):
    features, share, masks = example
    positions = {name: features[name].positions for name in objective.style_layers}
    return losses.StyleExample(objective.style_sums(features, masks), positions, share)


def losses_of(objective, pixels, features, wanted, weights):
    """The terms for pixels `(..., H, W, 3)` and their features: `(...)` each."""
    return objective.losses(objective.totals(pixels, features, wanted.maps), wanted, weights)
