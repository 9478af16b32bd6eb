"""Whether the network would see anything of pictures, and what to set where it would not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nstjax.errors import UserError
from nstjax.images import BEYOND, least_long_side, scaled
from nstjax.optimize import Level
from nstjax.problem.pictures import style_sizes
from nstjax.settings import Settings


class Names(NamedTuple):
    """What to call the pictures and the settings in an error; by default as the library does."""

    content: str = "the content picture"
    styles: Sequence[str] = ()  # of each style picture
    flags: bool = False  # whether settings are flags of the command line

    def style(self, place: int, count: int) -> str:
        """The name of the style picture at a place, from 0, of so many."""
        if self.styles:
            return self.styles[place]
        return f"style picture {place + 1}" if count > 1 else "the style picture"

    def setting(self, name: str, value: int) -> str:
        """How to give a setting a value."""
        return f"--{name.replace('_', '-')} {value}" if self.flags else f"{name}={value}"


def check_result(
    content: np.ndarray | None, settings: Settings, smallest: int, names: Names
) -> None:
    """Raises `UserError` where the result would be smaller or narrower than the layers can see.

    Args:
        content: pixels `(H, W, 3)`, whose shape the result has; None: that of the settings.
        settings: the recipe.
        smallest: the least side that the network can see, in pixels.
        names: what to call it.
    """
    height, width = (1.0, settings.aspect) if content is None else content.shape[:2]
    if content is not None and max(height, width) < smallest:
        raise UserError(
            f"{names.content} has only {width}x{height} pixels and the layers need {smallest} each "
            "way: give a larger one"
        )
    high, wide = scaled(height, width, settings.size)
    if min(high, wide) >= smallest:
        return
    if content is None:
        name, own = "the result", f"aspect {settings.aspect:g}"
        other = "an aspect nearer to 1"
    else:
        name, own, other = names.content, f"its own: {width}x{height}", "a less narrow picture"
    least = least_long_side(height, width, smallest)
    advice = (
        f"use {names.setting('size', least)} or more, or {other}"
        if least < BEYOND
        else f"use {other}"
    )
    raise UserError(
        f"{name} has only {wide}x{high} pixels at size {settings.size} ({own}) and the layers need "
        f"{smallest} each way: {advice}"
    )


def check_styles(
    styles: Sequence[np.ndarray], finest: Level, settings: Settings, smallest: int, names: Names
) -> None:
    """Raises `UserError` where of a style picture less would be left than the layers can see.

    Args:
        styles: pixels `(H, W, 3)` of each, which is never enlarged.
        finest: the level with the result's size.
        settings: the recipe.
        smallest: the least side that the network can see, in pixels.
        names: what to call them.
    """
    for place, style in enumerate(styles):
        height, width = style.shape[:2]
        if min(height, width) < smallest:
            raise UserError(
                f"{names.style(place, len(styles))} has only {width}x{height} pixels and the layers "
                f"need {smallest} each way: give a larger or less narrow one"
            )
    least = [_least_style_size(style, finest, settings, smallest) for style in styles]
    place = max(range(len(styles)), key=lambda each: least[each], default=0)
    if not any(least):
        return
    height, width = styles[place].shape[:2]
    high, wide = min(style_sizes(styles[place], finest, finest, settings), key=min)
    wanted = least[place]
    advice = (
        f"{names.setting('style_size', wanted)} or more"
        if wanted < BEYOND
        else "a larger style_scale"
    )
    raise UserError(
        f"{names.style(place, len(styles))} has only {wide}x{high} pixels as large as it is looked at "
        f"(its own: {width}x{height}) and the layers need {smallest} each way: use {advice}"
    )


def _least_style_size(style: np.ndarray, finest: Level, settings: Settings, smallest: int) -> int:
    """The least `style_size` with which enough is left of a style picture; 0 where it is already."""

    def suffices(settings: Settings) -> bool:
        return all(min(size) >= smallest for size in style_sizes(style, finest, finest, settings))

    if suffices(settings):
        return 0
    height, width = style.shape[:2]
    # About; what rounding makes of it is tried out.
    about = (least_long_side(height, width, smallest) - 0.5) / min(settings.style_scale)
    size = max(16, int(min(about, BEYOND)) - 1)
    while size < BEYOND and not suffices(replace(settings, style_size=size)):
        size += 1
    return size
