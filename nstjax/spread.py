"""How the work is spread: in tiles, and over devices. The picture is the same, but for rounding."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax

from nstjax.errors import UserError
from nstjax.machine.device import default_device, default_platform
from nstjax.machine.hosts import least_of_hosts
from nstjax.machine.memory import Need, room
from nstjax.optimize import OPTIMIZERS, Fit, Level, Way, make_transformation
from nstjax.optimize.ways import state_bytes
from nstjax.problem.evaluation import Evaluation
from nstjax.settings import Settings
from nstjax.settings.values import shown

AUTO, NONE = "auto", "none"
# Sides of tiles that are tried where a picture does not fit whole, in pixels. Each smaller one computes
# more of its neighbors.
TILES = (8192, 6144, 4096, 3072, 2048, 1536, 1024, 768, 512)
LEAST_TILE = 64

Tile = int | str | None
Devices = int | str | Sequence[Any]


@dataclass(frozen=True)
class Spread:
    """Where a picture is painted, and in which parts."""

    tile: int | None = None  # side of the tiles in pixels; None: none, or what fits
    may_choose: bool = True  # else whole where `tile` is None
    devices: tuple[Any, ...] = ()  # that share it; none: this process's own

    def ways(self, level: Level, evaluation: Evaluation, settings: Settings) -> list[Way]:
        """How a level may run, the best first.

        Tiles cost time, the less the larger they are; then the optimizer has to remember less; at last
        the content's features are computed again with each step's, where that is possible.
        """
        memories = OPTIMIZERS[settings.optimizer].memories(default_platform())
        keeping = (True, False) if evaluation.can_forget_content else (True,)
        found: dict[tuple[Any, ...], Way] = {}
        for keeps_content, memory, tile in itertools.product(keeping, memories, self._tiles(level)):
            layout = evaluation.layout(
                level.height,
                level.width,
                tile=tile,
                devices=self.devices,
                keeps_content=keeps_content,
            )
            made = make_transformation(settings.optimizer, settings.adam_beta2, memory)
            less = "" if memory is None or memory == memories[0] else memory.told
            told = ", ".join(filter(None, [layout.described if layout.tiles > 1 else "", less]))
            if told:
                told = f"level {level.width}x{level.height}: {told}"
            key = (memory, keeps_content, layout.rows, layout.columns)
            found.setdefault(key, Way(made, layout, less, told))
        return list(found.values())

    @property
    def spans_hosts(self) -> bool:
        """Whether other hosts have a part of the picture; each then does the same steps."""
        return any(device.process_index != jax.process_index() for device in self.devices)

    def room(self) -> int | None:
        """Bytes that a program may take on each device, on all hosts the same; None: nobody knows."""
        return least_of_hosts(room()) if self.spans_hosts else room()

    def check(self, level: Level, settings: Settings) -> None:
        """Raises `UserError` where not even the picture and the optimizer's least state fit."""
        memory = OPTIMIZERS[settings.optimizer].memories(default_platform())[-1]
        least = Way(make_transformation(settings.optimizer, settings.adam_beta2, memory))
        fit, needed = Fit(self.room()), state_bytes(level, least) // max(1, len(self.devices))
        if not fit.has_room_for(Need(needed, 0)):
            raise fit.too_large(level, needed)

    def _tiles(self, level: Level) -> list[int | None]:
        if self.tile is not None or not self.may_choose:
            return [self.tile]
        return [None, *(tile for tile in TILES if tile < level.long_side)]


def make_spread(tile: Tile = AUTO, devices: Devices = 1) -> Spread:
    """The spread that was asked for.

    Args:
        tile: side of the tiles in pixels, about; `auto`: whole where it fits, else the largest that
            does; `none` or None: whole.
        devices: how many, `all` (of all hosts), or a list of them. They share the rows of the picture.

    Raises `UserError` for a tile or devices that cannot be.
    """
    if tile in (AUTO, NONE, None):
        return Spread(None, tile == AUTO, _devices(devices))
    if isinstance(tile, bool) or not isinstance(tile, int) or tile < LEAST_TILE:
        raise UserError(f"tile is {shown(tile)}: give auto, none, or at least {LEAST_TILE} pixels")
    return Spread(tile, False, _devices(devices))


def _devices(wanted: Devices) -> tuple[Any, ...]:
    platform = default_device().platform
    there = jax.local_devices(backend=platform)
    if wanted == "all":
        found = tuple(jax.devices(platform))
    elif isinstance(wanted, int) and not isinstance(wanted, bool):
        if not 1 <= wanted <= len(there):
            raise UserError(
                f"devices is {wanted} and there are {len(there)}: give 1 to {len(there)}"
            )
        found = tuple(there[:wanted]) if wanted > 1 else ()
    elif isinstance(wanted, Sequence) and not isinstance(wanted, str) and wanted:
        found = tuple(wanted)
    else:
        raise UserError(f"devices is {shown(wanted)}: give a number, all, or a list of devices")
    return found if len(found) > 1 else ()
