"""Ways to run a level that give the same picture, and which of them the memory suffices for."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import optax

from nstjax.errors import UserError
from nstjax.machine.memory import Need
from nstjax.optimize.pyramid import Level
from nstjax.optimize.start import state_shapes
from nstjax.tiles import Layout

GIB = 2**30


class Way(NamedTuple):
    """A way to run a level."""

    optimizer: optax.GradientTransformation
    layout: Layout | None = None  # None: whole, on one device
    memory: str = ""  # what the optimizer remembers, where that is less than usual
    told: str = ""  # what of all that a person should know


class Known(NamedTuple):
    """A way that was compiled."""

    level: Level
    way: Way
    need: Need


class Fit:
    """What fits, told before it is compiled from what was compiled before.

    Feature maps, which are all but temporary, grow with the pixels of a window. Of what is held the
    optimizer's state is known exactly; the rest is taken as it was.
    """

    def __init__(self, room: int | None):
        self.room = room  # bytes of one device; None: nobody knows
        self._known: Known | None = None

    def learn(self, level: Level, way: Way, need: Need) -> None:
        """Remembers what a compiled way takes."""
        self._known = Known(level, way, need)

    def has_room_for(self, need: Need | None) -> bool:
        """Whether that fits, as far as anybody knows."""
        return self.room is None or need is None or need.total <= self.room

    def first(self, level: Level, ways: Sequence[Way]) -> int:
        """Which of the ways, the best first, is the first that should fit; the last if none does."""
        fitting = (
            place for place, way in enumerate(ways) if self.has_room_for(self.expected(level, way))
        )
        return next(fitting, len(ways) - 1)

    def check(self, level: Level, ways: Sequence[Way]) -> None:
        """Raises `UserError` where none of the ways of a level can fit."""
        needs: list[int] = []
        for way in ways:  # the first usually fits; each takes a trace of the optimizer's state
            need = self.expected(level, way)
            if self.has_room_for(need):
                return
            assert need is not None
            needs.append(need.total)
        raise self.too_large(level, min(needs))

    def too_large(self, level: Level, needed: int) -> UserError:
        """The error for a level that takes so many bytes."""
        assert self.room is not None
        side = level.long_side * math.sqrt(self.room / needed)
        return UserError(
            f"a picture of {level.width}x{level.height} needs about {needed / GIB:.1f} GiB of memory "
            f"and {self.room / GIB:.1f} are free: use a size of about {math.floor(side)}, --tile auto, "
            "--optimizer adam, or more devices"
        )

    def expected(self, level: Level, way: Way) -> Need | None:
        """What a way should take; None before anything was compiled."""
        if self._known is None:
            return None
        known = self._known
        window, held = _pixels(level, way)
        known_window, _ = _pixels(known.level, known.way)
        others = max(0, known.need.held - state_bytes(known.level, known.way))
        temporary = known.need.temporary * window / known_window
        if way.layout is not None and way.layout.tiles > 1:
            temporary += 24 * held  # the gradient, to which crops add theirs
        return Need(state_bytes(level, way) + others, int(temporary))


def _pixels(level: Level, way: Way) -> tuple[int, int]:
    """Of a window, and of what one device holds of the picture."""
    if way.layout is None:
        return level.pixels, level.pixels
    layout = way.layout
    window = layout.rows.size * layout.columns.size
    return window, layout.rows_stored // layout.devices * layout.width


def state_bytes(level: Level, way: Way) -> int:
    """What each device holds of the picture and of the optimizer's state, at the least."""
    state: Any = state_shapes(way.optimizer, level.height, level.width)
    whole = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(state))
    return whole // (1 if way.layout is None else way.layout.devices)
