"""From pictures to targets: what is looked at in the content and in each style, window by window."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import NamedSharding

from nstjax.losses import (
    LayerMasks,
    Maps,
    Offer,
    Part,
    RegionTarget,
    SharedBanks,
    StyleExample,
    Targets,
    energy_of,
)
from nstjax.problem.evaluation import Evaluation, on_all_devices, sum_over_devices
from nstjax.problem.pictures import Array, Pictures
from nstjax.tiles import BY_ROWS, EVERYWHERE, Layout, assemble, sum_over_crops


class Layouts(NamedTuple):
    """How all that is looked at lies."""

    picture: Layout  # and the content
    styles: tuple[Layout, ...]  # each on the same devices, or whole on every one


@functools.partial(jax.jit, static_argnums=(0, 3))
def compute_targets(
    evaluation: Evaluation, network: nnx.State, pictures: Pictures, layouts: Layouts
) -> Targets:
    """Targets from the pixels of content and styles, and from masks, each as its layout has it."""
    found = _style_sums(evaluation, network, pictures, layouts)
    counts = [_positions(evaluation, layout) for layout in layouts.styles]
    regions = [
        [
            StyleExample(sums[place], positions, share)
            for sums, positions, share in zip(found, counts, region.shares, strict=True)
            if share is not None
        ]
        for place, region in enumerate(pictures.regions)
    ]
    maps, scales = _maps_and_scales(evaluation, network, pictures, regions, layouts.picture)
    masks = tuple(region.mask for region in pictures.regions)
    offered = _offered(evaluation, layouts.picture, masks, _banks(regions))
    styled = tuple(
        RegionTarget(evaluation.objective.style_target(examples), region.area)
        for examples, region in zip(regions, pictures.regions, strict=True)
    )
    mesh = layouts.picture.mesh
    if mesh is not None:
        everywhere = NamedSharding(mesh, EVERYWHERE)
        scales, styled, offered = jax.lax.with_sharding_constraint(
            (scales, styled, offered), everywhere
        )
    return Targets(maps, scales, styled, offered)


def _positions(evaluation: Evaluation, layout: Layout) -> dict[str, int]:
    return {
        name: (layout.height >> shift) * (layout.width >> shift)
        for name, shift in evaluation.poolings.items()
    }


def _style_sums(
    evaluation: Evaluation, network: nnx.State, pictures: Pictures, layouts: Layouts
) -> list[tuple[Any, ...]]:
    """Of each style picture, what is looked at in each region; None where it has no share."""
    return [
        _sums_of_style(
            evaluation,
            layout,
            network,
            style,
            tuple(region.style_masks[place] for region in pictures.regions),
            tuple(region.shares[place] is not None for region in pictures.regions),
        )
        for place, (style, layout) in enumerate(zip(pictures.styles, layouts.styles, strict=True))
    ]


def _sums_of_style(
    evaluation: Evaluation,
    layout: Layout,
    network: nnx.State,
    style: Array,
    masks: tuple[Array | None, ...],
    has_share: tuple[bool, ...],
) -> tuple[Any, ...]:
    def on_one_device(network, style, masks, device):
        def of_crop(seen: Any, part: Part | None) -> tuple[Any, ...]:
            pixels, layer_masks = seen
            features = evaluation.features(network, pixels)
            return tuple(
                evaluation.objective.style_sums(features, mask, part) if wanted else None
                for mask, wanted in zip(layer_masks, has_share, strict=True)
            )

        seen = (jnp.asarray(style), _layer_masks(evaluation, network, masks))
        sums = sum_over_crops(of_crop, seen, layout, evaluation.poolings, device)
        return sum_over_devices(layout, sums)

    specs = EVERYWHERE, BY_ROWS, BY_ROWS
    return on_all_devices(layout, on_one_device, specs, EVERYWHERE)(network, style, masks)


def _layer_masks(
    evaluation: Evaluation, network: nnx.State, masks: tuple[Array | None, ...]
) -> tuple[LayerMasks | None, ...]:
    carry = nnx.merge(evaluation.graph, network).carry_mask
    return tuple(None if mask is None else carry(mask) for mask in masks)


def _maps_and_scales(
    evaluation: Evaluation,
    network: nnx.State,
    pictures: Pictures,
    regions: list[list[StyleExample]],
    layout: Layout,
) -> tuple[Maps, dict[str, jax.typing.ArrayLike]]:
    """What lies under the picture, and what each content layer's distance is multiplied with."""
    masks = tuple(region.mask for region in pictures.regions)

    def on_one_device(network, content, masks, banks, device):
        below = _layer_masks(evaluation, network, masks)
        if content is None:
            return Maps({}, below), {}
        photograph = jnp.asarray(content)
        wanted, energies = _content(evaluation, layout, network, (photograph, below), banks, device)
        objective = evaluation.objective
        is_seen = objective.photorealistic or not layout.keeps_content
        return Maps(wanted, below, photograph if is_seen else None), energies

    specs = (EVERYWHERE, BY_ROWS, BY_ROWS, EVERYWHERE), (BY_ROWS, EVERYWHERE)
    maps, energies = on_all_devices(layout, on_one_device, *specs)(
        network, pictures.content, masks, _banks(regions)
    )
    positions = _positions(evaluation, layout)
    scales = {
        name: evaluation.objective.scale(energy, positions[name] * evaluation.channels[name])
        for name, energy in energies.items()
    }
    return maps, scales


def _banks(regions: list[list[StyleExample]]) -> list[list[SharedBanks]]:
    return [[(each.sums.banks, each.share) for each in region] for region in regions]


def _offered(
    evaluation: Evaluation,
    layout: Layout,
    masks: Sequence[Any],
    banks: Sequence[Sequence[SharedBanks]],
) -> tuple[Offer, ...]:
    """What styles offer where the content is kept as places in it; nothing where it is features.

    Those are less work, and beside the features of a whole picture they are little. And no place says
    what is wanted where a region's mask ends softly.
    """
    swaps = evaluation.objective.swaps and evaluation.objective.content_layers
    if layout.tiles == 1 or not swaps or len(masks) != 1 or masks[0] is not None:
        return ()
    return tuple(
        ({name: bank.features for name, bank in of_style.items()}, share)
        for of_style, share in banks[0]
    )


def _content(
    evaluation: Evaluation,
    layout: Layout,
    network: nnx.State,
    seen: tuple[jax.Array, tuple[LayerMasks | None, ...]],
    banks: Sequence[Sequence[SharedBanks]],
    device: jax.typing.ArrayLike,
) -> tuple[dict[str, Any], dict[str, jax.Array]]:
    """What is wanted at the content layers of a device's span, and the energy of it of all spans."""
    objective, depths = evaluation.objective, evaluation.poolings
    offered = _offered(evaluation, layout, seen[1], banks)

    def sums_of_crop(seen: Any, part: Part | None) -> Any:
        pixels, masks = seen
        return objective.content_sums(evaluation.features(network, pixels), masks, part)

    sums = [{} for _ in banks]
    if objective.swaps:
        of_crops = sum_over_crops(sums_of_crop, seen, layout, depths, device)
        sums = sum_over_devices(layout, of_crops)

    def target_of_crop(seen: Any, part: Part | None) -> tuple[dict[str, Any], Any]:
        pixels, masks = seen
        features = evaluation.features(network, pixels)
        places = {}
        if offered:
            places = objective.content_places(features, sums[0], banks[0])
            wanted = objective.content_at(places, offered)
        else:
            regions = list(zip(sums, banks, strict=True))
            wanted = objective.content_wanted(features, masks, regions)
        energies = {
            name: energy_of(each, part and part.layers[name].owned) for name, each in wanted.items()
        }
        if offered or not layout.keeps_content:
            return places, energies
        if layout.tiles == 1:  # as the picture's own features will be laid out
            wanted = {name: features[name].with_plain(each) for name, each in wanted.items()}
        return wanted, energies

    wanted, energies = assemble(target_of_crop, seen, layout, depths, device)
    return wanted, sum_over_devices(layout, energies)
