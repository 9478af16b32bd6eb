"""What a picture will take, before the work: levels, windows, devices and memory, as compiled."""

from typing import NamedTuple

from nstjax.machine.device import default_platform
from nstjax.machine.host_memory import own_bytes
from nstjax.machine.memory import Need
from nstjax.optimize import Level, Way, Work, plan_levels


class LevelPlan(NamedTuple):
    """How one level will run."""

    level: Level
    way: Way
    step: Need  # of the compiled steps
    targets: Need  # of the program for the targets, which runs before
    pictures: int = 1  # of a batch

    @property
    def memory(self) -> int:
        """Bytes on each device, at the most."""
        return max(self.step.total, self.targets.total)

    @property
    def work(self) -> float:
        """Megapixels times steps, with what windows compute of their neighbors."""
        layout, pixels = self.way.layout, self.level.pixels
        if layout is not None:
            pixels = layout.tiles * layout.devices * layout.rows.size * layout.columns.size
        return self.pictures * self.level.steps * pixels / 1e6


class Plan(NamedTuple):
    """How a picture, or a batch of them, will be painted."""

    levels: tuple[LevelPlan, ...]
    room: int | None  # bytes that are free on each device; None: nobody tells
    process: int  # bytes that this process has already, where its memory is the device's

    @property
    def memory(self) -> int:
        """Bytes at the most: of each device, or on a CPU of the whole process."""
        return self.process + max(level.memory for level in self.levels)


def make_plan(work: Work, free: int | None) -> Plan:
    """The plan of some work, where so many bytes are free on each device.

    Its programs are compiled, and kept where JAX is told to keep them.

    Raises `UserError` where a level cannot fit in any way.
    """
    pictures = 1 if work.steps.batch is None else work.steps.batch.pictures
    levels = tuple(
        LevelPlan(level, prepared.way, prepared.need, prepared.problem.need, pictures)
        for level, prepared in zip(work.levels, plan_levels(work, free), strict=True)
    )
    process = (own_bytes() or 0) if default_platform() == "cpu" else 0
    return Plan(levels, free, process)
