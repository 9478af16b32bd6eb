"""Equal windows that cover one side of a picture.

A network sees of a window what it sees of the picture, but for a border, the halo: there it would have
looked beyond. Neighboring windows therefore overlap by two halos at least, and each *owns* what lies
between the middles of its overlaps. The outermost windows end where the picture does, and there a window
has the picture's own border.

All begin at multiples of a unit, itself one of the network's stride: poolings then join the same pixels,
and Winograd's tiles the same positions, so that a window is rounded as the picture is. All are as long,
modulo the unit, as the side, so that the last one ends with it: one program serves them all.
"""

import itertools
from typing import NamedTuple


class Windows(NamedTuple):
    """Windows of `size` pixels, beginning at `origins`, over a side of `length` pixels."""

    length: int
    size: int
    origins: tuple[int, ...]
    halo: int

    @property
    def bounds(self) -> tuple[int, ...]:
        """Where what each owns begins, and the end of the last."""
        return (0, *(origin + self.halo for origin in self.origins[1:]), self.length)


def cover(length: int, count: int, *, halo: int, unit: int) -> Windows:
    """`count` windows over a side, or as many less as it takes for each to own something.

    Args:
        length: of the side, in pixels.
        count: how many windows; those of the result are as short as this many can be.
        halo: a multiple of the network's stride.
        unit: another one.
    """
    for windows in range(count, 1, -1):
        found = _evenly(length, windows, halo, unit)
        if found is not None:
            return found
    return Windows(length, length, (0,), halo)


def _evenly(length: int, count: int, halo: int, unit: int) -> Windows | None:
    """So many windows, as short as they can be; None where one would own nothing."""
    shortest = -(-(length + 2 * halo * (count - 1)) // count)
    size = shortest + (length - shortest) % unit
    while size < length:
        steps = (length - size) // unit
        origins = tuple(unit * (place * steps // (count - 1)) for place in range(count))
        strides = [after - before for before, after in itertools.pairwise(origins)]
        if min(strides) == 0:
            return None
        if max(strides) <= size - 2 * halo:
            return Windows(length, size, origins, halo)
        size += unit
    return None
