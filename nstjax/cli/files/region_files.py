"""The regions that the mask files named on the command line stand for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nstjax.errors import UserError
from nstjax.images import ColorMap, read_mask
from nstjax.problem.regions import Region, check_shape

Shape = tuple[int, ...]  # height and width


def read_regions(
    masks: Sequence[Path],
    style_masks: Sequence[Path],
    *,
    content: Shape | None,
    styles: Sequence[Shape],
) -> list[Region] | None:
    """The regions of the content picture, and where in the styles is what each is painted like.

    Gray masks: the i-th is where the i-th style is painted, and the i-th of the style masks is what part
    of it is looked at. One picture of flat colors over the content: its colors, from dark to light, are
    where the styles are painted, in order; or, with style masks of flat colors, each color is painted
    like what has the same color in any of the style pictures. What no mask marks stays as it is.

    Args:
        masks: files over the content picture.
        style_masks: files over each style picture, in order.
        content: height and width of the content picture; None: there is none, and no mask over it.
        styles: of each style picture.

    Returns: the regions; None where no file is named.

    Raises `UserError` for files that cannot be read as masks, or do not fit the pictures or each other.
    """
    if not masks and not style_masks:
        return None
    if style_masks and len(style_masks) != len(styles):
        raise _not_one_each("--style-masks", style_masks, styles)
    gray, maps = _read_all(
        masks, [("the content picture", content)] * len(masks) if content else []
    )
    numbered = [(f"style picture {number}", shape) for number, shape in enumerate(styles, start=1)]
    style_gray, style_maps = _read_all(style_masks, numbered)
    if style_maps and not content:
        raise UserError(f"{style_masks[0]} has flat colors: a texture takes gray masks only")
    if maps or style_maps:
        if style_gray or len(maps) != 1:
            raise UserError(
                f"{(masks if maps else style_masks)[0]} has flat colors: then --masks must be one such "
                "picture, and --style-masks such pictures too, or none"
            )
        if style_maps:
            return _of_equal_colors(maps[0], style_maps, masks[0], style_masks)
        return _of_colors_in_order(maps[0], masks[0], styles)
    parts = dict(enumerate(style_gray or [None] * len(styles)))
    if not masks:
        return [Region(None, parts)]
    if len(masks) != len(styles):
        raise _not_one_each("--masks", masks, styles)
    return [Region(mask, {number: parts[number]}) for number, mask in enumerate(gray)]


def _of_colors_in_order(colors: ColorMap, file: Path, styles: Sequence[Shape]) -> list[Region]:
    if len(colors.colors) != len(styles):
        raise UserError(
            f"{file} has {_counted(colors.colors, 'color')} beside black ({', '.join(colors.colors)}) "
            f"for {_counted(styles, 'style picture')}: give one for each, or --style-masks"
        )
    return [Region(colors.where(color), {n: None}) for n, color in enumerate(colors.colors)]


def _of_equal_colors(
    content: ColorMap, styles: Sequence[ColorMap], file: Path, style_files: Sequence[Path]
) -> list[Region]:
    for style, style_file in zip(styles, style_files, strict=True):
        if not set(style.colors) & set(content.colors):
            raise UserError(
                f"{style_file} has only {', '.join(style.colors)} and {file} only "
                f"{', '.join(content.colors)}: give a color that both have"
            )
    regions = []
    for color in content.colors:
        parts = {n: each.where(color) for n, each in enumerate(styles) if color in each.colors}
        if not parts:
            raise UserError(
                f"{file} has {color}, which no style mask has: paint it in one, or make it black in "
                f"{file} to leave it as it is"
            )
        regions.append(Region(content.where(color), parts))
    return regions


def _read_all(
    files: Sequence[Path], pictures: Sequence[tuple[str, Shape]]
) -> tuple[list[np.ndarray], list[ColorMap]]:
    """The masks over some pictures, by their names and shapes: all gray or all of colors."""
    found = [read_mask(file) for file in files]
    # There may be no masks at all.
    for file, mask, (picture, shape) in zip(files, found, pictures, strict=False):
        check_shape(mask.shape, shape, str(file), picture)
    gray = [mask for mask in found if isinstance(mask, np.ndarray)]
    maps = [mask for mask in found if isinstance(mask, ColorMap)]
    if gray and maps:
        are_gray = [isinstance(mask, np.ndarray) for mask in found]
        raise UserError(
            f"{files[are_gray.index(True)]} is gray and {files[are_gray.index(False)]} has flat colors: "
            "give masks of one kind"
        )
    return gray, maps


def _not_one_each(flag: str, masks: Sequence[Path], styles: Sequence[Shape]) -> UserError:
    return UserError(
        f"{flag} names {_counted(masks, 'mask')} for {_counted(styles, 'style picture')}: give one for "
        "each, in order"
    )


def _counted(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'s' if len(things) != 1 else ''}"
