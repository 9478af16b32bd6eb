"""The schedule of a picture, checked before anything is computed."""

import math
from collections.abc import Sequence

import numpy as np

from nstjax.errors import UserError
from nstjax.images import fit, resize
from nstjax.memory import check_memory
from nstjax.optimize import Level, pyramid
from nstjax.settings import Settings
from nstjax.vgg import smallest_side


def plan(
    content: np.ndarray, styles: Sequence[np.ndarray], settings: Settings, architecture: str
) -> tuple[Level, ...]:
    """The levels, once it is sure that the network can see every picture and that memory suffices.

    Args:
        content: pixels `(H, W, 3)`.
        styles: pixels of each style picture.
        settings: the recipe.
        architecture: `vgg16` or `vgg19`.

    Raises `UserError` for a picture too small or narrow, and a size too large.
    """
    smallest = smallest_side(architecture, settings.content_layers + settings.style_layers)
    levels = pyramid(
        *content.shape[:2],
        size=settings.size,
        coarsest=settings.coarsest,
        ratio=settings.level_ratio,
        steps=settings.steps,
        coarse_steps=settings.coarse_steps,
        first_steps=settings.first_steps,
        smallest_side=smallest,
    )

    scale = settings.style_scale

    def shows_every_style(level: Level) -> bool:
        return all(min(style_size(style, level, scale)) >= smallest for style in styles)

    # A panorama's short side is seen only at finer levels.
    levels = (*filter(shows_every_style, levels[:-1]), levels[-1])
    _check_sides("the content picture", content.shape[:2], smallest)
    _check_sides("the content picture", (levels[-1].height, levels[-1].width), smallest)
    for style in styles:
        _check_sides("a style picture", style_size(style, levels[0], scale), smallest)
    # A style of another shape may be the larger one.
    check_memory(
        max(
            levels[-1].pixels,
            *(math.prod(style_size(each, levels[-1], scale)) for each in styles),
        )
    )
    return levels


def _check_sides(name: str, shape: tuple[int, ...], smallest: int) -> None:
    height, width = shape
    if min(height, width) < smallest:
        raise UserError(
            f"{name} has only {width}x{height} pixels and the layers need {smallest} each way: "
            "give a larger or less narrow one"
        )


def style_size(style: np.ndarray, level: Level, scale: float) -> tuple[int, int]:
    """At scale 1 the long side of the level: strokes are then as large beside it as in the painting.

    At scale 2 they are twice as large. A style picture is never enlarged: that would only teach the
    network blur.
    """
    height, width = style.shape[:2]
    wanted = max(round(scale * max(level.height, level.width)), 1)
    return fit(height, width, min(wanted, max(height, width)))


def styles_at(level: Level, styles: Sequence[np.ndarray], scale: float = 1.0) -> list[np.ndarray]:
    """The styles' pixels `(H, W, 3)` at the sizes that belong to a level."""
    return [resize(style, *style_size(style, level, scale)) for style in styles]
