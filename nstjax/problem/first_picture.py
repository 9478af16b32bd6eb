"""What the first level starts from, as the setting `init` says: a name, a picture file, or a mixture."""

import os
from collections.abc import Sequence

import numpy as np

from nstjax.errors import UserError
from nstjax.images import blend, read, resize
from nstjax.optimize import INITIAL_IMAGES, Level, Sources
from nstjax.problem.pictures import style_sizes
from nstjax.settings import Settings
from nstjax.settings.mixture import parse_mixture
from nstjax.settings.values import shown


def first_picture(
    content: np.ndarray | None,
    styles: Sequence[np.ndarray],
    shares: Sequence[float],
    levels: Sequence[Level],
    settings: Settings,
) -> np.ndarray:
    """The picture that the first level starts from.

    Args:
        content: pixels `(H, W, 3)`; None for a picture without content.
        styles: pixels of each style picture; none for a picture without style.
        shares: of each style, 1 together.
        levels: coarse to fine.
        settings: the recipe.

    Returns: pixels of the first level's size, float32 in [0, 1].

    Raises `UserError` for a name that is unknown, is no file or cannot be made of what there is, a
    mixture that cannot be read, and a file that is no picture.
    """
    level, finest = levels[0], levels[-1]
    size = level.height, level.width
    sources = Sources(
        *size,
        content=None if content is None else resize(content, *size),
        styles=styles,
        palettes=[
            resize(style, *max(style_sizes(style, level, finest, settings))) for style in styles
        ],
        shares=shares,
        seed=settings.seed,
    )
    names, weights = zip(*parse_mixture("init", settings.init), strict=True)
    for name in names:
        _check_name(name, settings.init, sources)
    pictures = [
        INITIAL_IMAGES[name].make(sources) if name in INITIAL_IMAGES else resize(read(name), *size)
        for name in names
    ]
    return blend(pictures, weights)


def _check_name(name: str, init: str, sources: Sources) -> None:
    if name not in INITIAL_IMAGES:
        if os.path.isfile(name):
            return
        why = f"there is no file {shown(name)}"
    elif missing := INITIAL_IMAGES[name].missing(sources):
        why = f"there is no {missing} for {name!r}"
    else:
        return
    possible = [each for each, way in INITIAL_IMAGES.items() if not way.missing(sources)]
    raise UserError(
        f"init is {shown(init)} and {why}: use {', '.join(possible)}, the name of a picture file, or a "
        f"mixture such as 0.7*{possible[0]}+0.3*noise"
    )
