"""The levels of a coarse-to-fine schedule."""

from typing import NamedTuple

from nstjax.images import fit


class Level(NamedTuple):
    """One size of the picture, and how many optimizer steps it gets."""

    height: int
    width: int
    steps: int

    @property
    def pixels(self) -> int:
        return self.height * self.width


def pyramid(
    height: int,
    width: int,
    *,
    size: int,
    coarsest: int,
    ratio: float,
    steps: int,
    coarse_steps: int,
    smallest_side: int,
) -> tuple[Level, ...]:
    """Levels from coarse to fine; the last is the result's size.

    Their long sides are size, size / ratio, size / ratio^2, ... down to `coarsest`. Large strokes can
    only appear at coarse levels, where the network's receptive field spans much of the picture; and
    a step there costs a fraction of one at full size.

    Args:
        height: the content's height in pixels, for the aspect ratio.
        width: its width.
        size: long side of the last level in pixels.
        coarsest: least long side of the first level in pixels.
        ratio: how much larger each level is than the one before, above 1.
        steps: steps at the last level.
        coarse_steps: steps at each other level.
        smallest_side: least side that the network can see, in pixels; coarser levels are left out.

    Raises `UserError` where the picture is too narrow for the size.
    """
    long_sides = [float(size)]
    while (
        coarse_steps > 0
        and round(long_sides[-1] / ratio) >= coarsest
        and min(fit(height, width, round(long_sides[-1] / ratio))) >= smallest_side
    ):
        long_sides.append(long_sides[-1] / ratio)
    coarse = [
        Level(*fit(height, width, round(side)), coarse_steps) for side in reversed(long_sides[1:])
    ]
    return (*coarse, Level(*fit(height, width, size), steps))
