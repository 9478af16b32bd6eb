"""The programs of one level: traced here, compiled elsewhere."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax

from nstjax.machine.device import default_platform
from nstjax.machine.memory import Need, need_of
from nstjax.optimize.batches import Batch
from nstjax.optimize.pyramid import Level
from nstjax.optimize.start import state_shapes
from nstjax.optimize.step import Evaluate, State, run_steps
from nstjax.optimize.ways import Way
from nstjax.tiles import Layout

# How many pixels, summed over steps, a chunk may hold. A chunk cannot be interrupted, so it should
# last about a second; but an accelerator needs long ones to be kept busy, and a CPU takes the memory
# of a chunk page by page from the system.
CHUNK_PIXELS = {"cpu": 2**19, "gpu": 2**24, "tpu": 2**24}
LONGEST_CHUNK = 50


class Pending(Protocol):
    """The second argument of `evaluate` at a level, not computed yet."""

    @property
    def shapes(self) -> Any:
        """The same tree with `jax.ShapeDtypeStruct` for arrays: enough to trace the step."""
        ...

    @property
    def present(self) -> int:
        """Bytes of it that every device of it has already."""
        ...

    def compile(self) -> "Ready":
        """What computes the argument itself. Called in another thread."""
        ...


class Ready(NamedTuple):
    """A problem whose program is compiled."""

    compute: Callable[[], Any]
    need: Need


class Steps(NamedTuple):
    """What the steps of all levels have in common; see `run_levels`."""

    evaluate: Evaluate
    make_problem: Callable[[Level, Layout | None], Pending]
    # What a chunk is told besides the state: a level's problem, the learning rate and the averaging.
    # Called with the problem before each chunk, so that any number of them may be another each time.
    arguments: Callable[[Any], tuple[Any, jax.typing.ArrayLike, jax.typing.ArrayLike]]
    stop_every: int = 0  # a chunk ends wherever the steps of all levels are a multiple of it
    batch: Batch | None = None
    open_ended: bool = (
        False  # a level may get other steps than it has, so chunks need not divide these
    )


class Prepared(NamedTuple):
    """All that a level needs besides the picture."""

    way: Way
    problem: Ready
    run_chunk: Callable[..., tuple[State, jax.Array, Any]]  # compiled `run_steps`
    chunk_length: int
    need: Need  # of a chunk


def trace(steps: Steps, level: Level, done: tuple[int, int], way: Way) -> Callable[[], Prepared]:
    """Traced in this thread, whose JAX settings hold in no other; the rest can be done elsewhere.

    Args:
        steps: of all levels.
        level: its size and its steps.
        done: steps before the level, and those of it.
        way: how it is to run.
    """
    pending = steps.make_problem(level, way.layout)
    batch = steps.batch
    several = 1 if batch is None else batch.pictures
    if steps.open_ended:  # as long as they may be
        length = chunk_length(level._replace(steps=0), (0, 0), 0, default_platform(), several)
    else:
        length = chunk_length(level, done, steps.stop_every, default_platform(), several)
    size = level.height, level.width
    problem, *numbers = steps.arguments(pending.shapes)
    step = run_steps.lower(
        state_shapes(way.optimizer, *size, way.layout, batch=batch),
        problem if batch is None else batch.shapes(problem, batch.specs),
        *numbers,
        evaluate=steps.evaluate,
        optimizer=way.optimizer,
        steps=length,
        batch=batch,
    )

    present = pending.present if batch is None or batch.mesh is None else 0

    def finish() -> Prepared:
        problem, run_chunk = pending.compile(), step.compile()
        return Prepared(way, problem, run_chunk, length, need_of(run_chunk, present))

    return finish


def chunk_length(
    level: Level, done: tuple[int, int], stop_every: int, platform: str, pictures: int = 1
) -> int:
    """Steps a chunk: the most that divide the level evenly, so that one program serves it all.

    `done` are the steps before the level, and those of it, if only the rest is to be run: that a chunk
    ended there changes no length.
    """
    pixels = level.pixels * pictures
    bound = min(LONGEST_CHUNK, max(1, CHUNK_PIXELS.get(platform, 2**24) // pixels))
    before, own = done
    # gcd(n, 0) = n: without `stop_every` only the level's own steps count.
    common = math.gcd(level.steps, own, stop_every, before if stop_every else 0)
    return max(length for length in range(1, bound + 1) if common % length == 0)
