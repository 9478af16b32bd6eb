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
        """How many pixels the picture has at this level."""
        return self.height * self.width

    @property
    def long_side(self) -> int:
        """The longer side in pixels."""
        return max(self.height, self.width)


def pyramid(
    height: float,
    width: float,
    *,
    size: int,
    coarsest: int,
    ratio: float,
    steps: int,
    coarse_steps: int,
    first_steps: int | None,
    smallest_side: int,
) -> tuple[Level, ...]:
    """Levels from coarse to fine; the last is the result's size.

    Their long sides are size, size / ratio, size / ratio^2, ... down to `coarsest`. Large strokes can
    only appear at coarse levels, where the network's receptive field spans much of the picture; and
    a step there costs a fraction of one at full size.

    Args:
        height: the content's height in any unit, for the aspect ratio.
        width: its width in the same.
        size: long side of the last level in pixels.
        coarsest: least long side of the first level in pixels.
        ratio: how much larger each level is than the one before, above 1.
        steps: steps at the last level.
        coarse_steps: steps at each other level.
        first_steps: steps at the first level, where they differ.
        smallest_side: least side that the network can see, in pixels; coarser levels are left out.

    Raises `UserError` where the picture is too narrow for the size.
    """
    levels = [Level(*fit(height, width, size), steps)]
    short_side = min(height, width) / max(height, width)  # in units of the long one
    long_side = size / ratio
    # One pixel to spare: rounding twice can take one.
    while coarse_steps and long_side >= coarsest and long_side * short_side >= smallest_side + 1:
        levels.append(Level(*fit(height, width, round(long_side)), coarse_steps))
        long_side /= ratio
    first = levels[-1]
    return (first._replace(steps=first_steps or first.steps), *reversed(levels[:-1]))
