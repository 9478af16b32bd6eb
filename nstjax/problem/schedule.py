"""The schedule of a picture, checked before anything is computed."""

from collections.abc import Iterator, Sequence

import numpy as np

from nstjax.optimize import Level, pyramid
from nstjax.problem.pictures import style_sizes
from nstjax.problem.seen import Names, check_result, check_styles
from nstjax.settings import Settings
from nstjax.vgg import smallest_side


def make_levels(
    content: np.ndarray | None,
    styles: Sequence[np.ndarray],
    settings: Settings,
    architecture: str,
    names: Names = Names(),  # noqa: B008 - frozen
) -> tuple[Level, ...]:
    """The levels, once it is sure that the network can see every picture.

    Args:
        content: pixels `(H, W, 3)`, whose aspect ratio the result has; None: that of the settings.
        styles: pixels of each style picture.
        settings: the recipe.
        architecture: `vgg16` or `vgg19`.
        names: what to call pictures and settings in an error.

    Raises `UserError` for a picture too small or narrow.
    """
    smallest = smallest_side(architecture, settings.content_layers + settings.style_layers)
    check_result(content, settings, smallest, names)
    levels = pyramid(
        *((1.0, settings.aspect) if content is None else content.shape[:2]),
        size=settings.size,
        coarsest=settings.coarsest,
        ratio=settings.level_ratio,
        steps=settings.steps,
        coarse_steps=settings.coarse_steps,
        first_steps=settings.first_steps,
        smallest_side=smallest,
    )
    finest = levels[-1]
    check_styles(styles, finest, settings, smallest, names)

    def all_style_sizes(level: Level) -> Iterator[tuple[int, int]]:
        for style in styles:
            yield from style_sizes(style, level, finest, settings)

    def shows_every_style(level: Level) -> bool:
        return all(min(size) >= smallest for size in all_style_sizes(level))

    # A panorama's short side is seen only at finer levels.
    return (*filter(shows_every_style, levels[:-1]), finest)
