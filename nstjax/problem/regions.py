"""Parts of the picture, each painted in styles of its own (Gatys et al. 2017, section 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from nstjax.errors import UserError
from nstjax.images import resize_mask
from nstjax.images.arrays import to_array
from nstjax.images.pixels import check_range
from nstjax.settings.values import shown

OTHER_SHAPE = 0.02  # by how much a mask's aspect ratio may differ from its picture's


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the picture, and what it is painted like."""

    # (h, w) in [0, 1] over the content picture, of any size, soft edges welcome; None: all of it.
    mask: np.ndarray | None
    # The style pictures, by their places in the list, and where in each, as (h, w); None: all of it.
    styles: Mapping[int, np.ndarray | None]


def whole_picture(styles: int) -> tuple[Region, ...]:
    """The one region of a picture without masks: everything like every style, if there is one."""
    return (Region(None, dict.fromkeys(range(styles))),) if styles else ()


def check_regions(
    regions: Sequence[Region], content: np.ndarray | None, styles: Sequence[np.ndarray]
) -> tuple[Region, ...]:
    """The regions with masks as float32.

    Args:
        regions: at least one, in a list or another sequence.
        content: pixels `(H, W, 3)` of the content picture, if there is one.
        styles: pixels of each style picture.

    Raises `UserError` for what is no region, a mask that is no mask, is of another shape than its
    picture, or marks nothing, and for a style that is not there.
    """
    if not isinstance(regions, Iterable) or isinstance(regions, Mapping | np.ndarray | str):
        raise UserError(
            f"regions is {shown(regions)}: give a list of nstjax.Region(mask, {{0: None}})"
        )
    regions = list(regions)
    if not regions:
        raise UserError("no regions were given: give at least one, or None for the whole picture")
    checked = []
    for place, region in enumerate(regions):
        if not isinstance(region, Region):
            raise UserError(
                f"region {place} is {shown(region)}: give nstjax.Region(mask, {{0: None}})"
            )
        if not isinstance(region.styles, Mapping):
            raise UserError(
                f"the styles of region {place} are {shown(region.styles)}: give a dict such as "
                "{0: None}"
            )
        mask = region.mask
        if mask is not None:
            if content is None:
                raise UserError("a region has a mask and there is no content picture: give None")
            mask = _check_mask(mask, content, f"the mask of region {place}")
        if not region.styles:
            raise UserError(f"region {place} has no style: leave it out, and it stays as it is")
        parts = {}
        for index, part in region.styles.items():
            if index not in range(len(styles)):
                raise UserError(
                    f"region {place} asks for style {shown(index)}: give a place from 0 to "
                    f"{len(styles) - 1}"
                )
            if part is not None:
                part = _check_mask(part, styles[index], f"region {place}'s mask of style {index}")
            parts[index] = part
        checked.append(Region(mask, parts))
    return tuple(checked)


def _check_mask(mask: np.ndarray, picture: np.ndarray, name: str) -> np.ndarray:
    if isinstance(mask, Image.Image):
        raise UserError(f"{name} is a picture: give numpy.asarray(mask.convert('L')) / 255")
    values = to_array(mask, name, reader="read_mask")
    if values.ndim != 2 or 0 in values.shape:
        raise UserError(f"{name} has shape {values.shape}: give (height, width)")
    if not np.can_cast(values.dtype, np.float64, "same_kind"):
        raise UserError(f"{name} has type {values.dtype}: give floats in [0, 1], or booleans")
    check_range(values, name, what="values", rounding=0)
    mask = values.astype(np.float32)
    if not mask.any():
        raise UserError(f"{name} marks nothing: make it white somewhere, or leave it out")
    check_shape(mask.shape, picture.shape, name)
    return mask


def check_shape(
    mask: tuple[int, ...], picture: tuple[int, ...], name: str, its_picture: str = "its picture"
) -> None:
    """Raises `UserError` for a mask `(h, w)` of another aspect ratio than its picture `(H, W, ...)`."""
    (height, width), (tall, wide) = mask, picture[:2]
    # A pixel more or less is no other shape, however small the mask is.
    off = abs(width * tall - height * wide)
    if off > max(OTHER_SHAPE * height * wide, tall, wide):
        raise UserError(
            f"{name} has {width}x{height} pixels and {its_picture} {wide}x{tall}: "
            "give one of the same aspect ratio"
        )


def masks_at(regions: Sequence[Region], height: int, width: int) -> list[np.ndarray | None]:
    """Each region's mask `(H, W)` at a level; where several lie upon each other they share, to one."""
    masks = [
        None if region.mask is None else resize_mask(region.mask, height, width)
        for region in regions
    ]
    total = sum((1.0 if mask is None else mask for mask in masks), start=np.float32(0))
    if np.max(total) <= 1:
        return masks
    ones = np.ones((height, width), np.float32)
    return [(ones if mask is None else mask) / np.maximum(total, 1) for mask in masks]


def coverage(masks: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """How much of each pixel is painted, `(H, W)`; None where all of all is."""
    drawn = [mask for mask in masks if mask is not None]
    if len(drawn) < len(masks) or not drawn:
        return None
    total = np.minimum(np.sum(drawn, axis=0), 1)
    # Masks of eight bits that complete each other may lack a step of the gray scale.
    return None if total.min() >= 1 - 2 / 255 else total
