"""The host's side of the optimization: chunks of steps, level after level."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from nstjax.images import resize
from nstjax.machine.host_memory import is_exhausted
from nstjax.optimize.batches import Batch
from nstjax.optimize.programs import Programs
from nstjax.optimize.pyramid import Level
from nstjax.optimize.start import Carry, memory_of, start_state
from nstjax.optimize.step import State
from nstjax.optimize.ways import Way
from nstjax.optimize.work import Prepared, Steps
from nstjax.tiles import Layout, fetch_picture


class Chunk(NamedTuple):
    """Some finished steps of one level."""

    level: int  # index into the levels
    step: int  # steps done at this level
    total_step: int  # steps done at all levels
    pixels: jax.Array  # (H, W, 3), the picture after these steps; of a batch (B, H, W, 3)
    reports: Any  # what `evaluate` reported, stacked over the chunk's steps: (steps,) or (steps, B)
    layout: Layout | None = None  # how the picture lies; None: whole, on one device
    told: tuple[str, ...] = ()  # what a person should know of how the level runs

    def image(self) -> np.ndarray:
        """A copy of the picture on the host. Of several hosts each must ask for it."""
        return fetch_picture(self.pixels, self.layout)


class Start(NamedTuple):
    """What a level starts from."""

    pixels: np.ndarray | Sequence[np.ndarray]  # (h, w, 3) of any size; of a batch a list of such
    total_step: int = 0  # steps done before
    memory: Any = None  # the optimizer's, of the last level


class Work(NamedTuple):
    """What there is to do for a picture, or for a batch."""

    levels: tuple[Level, ...]  # coarse to fine
    # Pixels (H, W, 3) of any size, resized to the first level; of a batch a list of such.
    initial: np.ndarray | Sequence[np.ndarray]
    steps: Steps  # what the steps of all levels have in common
    ways: Callable[[Level], Sequence[Way]]  # how a level may run, the best way first
    carry: Carry | None = None  # makes a level's optimizer state from the last one's


def run_levels(work: Work, room: int | None = None) -> Iterator[Chunk]:
    """Optimizes the picture coarse to fine, and yields each chunk once the next one is under way.

    The device therefore never waits for whoever consumes the chunks. Each next level is traced once this
    one's first chunk is under way, and compiled in a thread meanwhile. Without `carry` the optimizer
    starts afresh at each level: its memory is of another size, and of another landscape.

    Where the memory does not suffice all the same, a level goes on from its last picture in the next of
    its ways. `room` is how many bytes a program may take on each device; None: nobody knows.

    Raises `UserError` where a level cannot fit in any way, before the first one begins if that can be
    told from its programs.
    """
    batch, carry = work.steps.batch, work.carry
    with contextlib.closing(Programs(work.levels, work.steps, work.ways, room)) as programs:
        run = _Run(programs, Start(work.initial), jax.vmap(carry) if carry and batch else carry)
        for index in range(len(work.levels)):
            yield from run.level(index)


def plan_levels(work: Work, room: int | None = None) -> Iterator[Prepared]:
    """The programs of each level, as `run_levels` would run them."""
    with contextlib.closing(Programs(work.levels, work.steps, work.ways, room)) as programs:
        for index in range(len(work.levels)):
            yield programs.take(index)


class _Run:
    """The levels of one picture, or batch, on their way."""

    def __init__(self, programs: Programs, start: Start, carry: Carry | None):
        self._programs, self._start, self._carry = programs, start, carry
        self._last: Chunk | None = None  # that is known to be finished, of this level

    def level(self, index: int) -> Iterator[Chunk]:
        """The chunks of a level; where the memory did not suffice after all, the rest in another way."""
        whole = level = self._programs.levels[index]
        prepared, told = self._programs.take(index), ()
        self._last = None
        while True:
            way, attempt = prepared.way, self._attempt(index, level, prepared, told)
            del prepared  # with the pictures that its targets are computed from
            try:
                yield from attempt
                return
            except Exception as error:
                if not is_exhausted(error):
                    raise
                failed = error.with_traceback(None)  # which would keep what the level had
            if self._last is not None:
                level = whole._replace(steps=whole.steps - self._last.step)
                self._start = Start(self._last.image(), self._last.total_step)
            smaller = self._programs.smaller(level, self._start.total_step, way)
            if smaller is None:
                raise failed
            prepared = smaller
            told = (f"out of memory at level {index + 1}: it goes on from the last picture",)

    def _attempt(
        self, index: int, level: Level, prepared: Prepared, told: tuple[str, ...]
    ) -> Iterator[Chunk]:
        """The chunks of what a level has left, to its end."""
        steps, way, length = self._programs.steps, prepared.way, prepared.chunk_length
        run_chunk, compute_problem = prepared.run_chunk, prepared.problem.compute
        del prepared
        start, numbers = self._start, (steps.learning_rate, steps.averaging)
        problem = compute_problem()
        del compute_problem
        if steps.batch is not None:
            problem = steps.batch.placed(problem, steps.batch.specs)
        state = self._state(level, way)
        before = self._programs.levels[index].steps - level.steps
        told, pending = (*told, way.told) if way.told else told, None
        for step in range(length, level.steps + 1, length):
            state, copy, reports = run_chunk(state, problem, *numbers)
            if pending is not None:
                yield self._finished(pending)
            self._programs.begin(index + 1)
            total = start.total_step + step
            pending = Chunk(index, before + step, total, copy, reports, way.layout, told)
            told = ()
        assert pending is not None
        yield self._finished(pending)
        memory = memory_of(state, way.layout) if self._carry else None
        self._start = Start(pending.image(), pending.total_step, memory)

    def _state(self, level: Level, way: Way) -> State:
        """What a level begins with, at its own size."""
        start, steps, carry = self._start, self._programs.steps, self._carry
        return start_state(
            way.optimizer,
            _resized(start.pixels, level, steps.batch),
            steps.averaging,
            way.layout,
            functools.partial(carry, start.memory) if carry and start.memory is not None else None,
            batch=steps.batch,
        )

    def _finished(self, chunk: Chunk) -> Chunk:
        """The chunk once its steps are done: only now they can no longer fail."""
        jax.block_until_ready(chunk.reports)
        self._last = chunk
        return chunk


def _resized(
    pixels: np.ndarray | Sequence[np.ndarray], level: Level, batch: Batch | None
) -> np.ndarray:
    """The picture at the level's size, or each of a batch, one above the other."""
    if batch is None:
        return resize(np.asarray(pixels), level.height, level.width)
    return np.stack([resize(each, level.height, level.width) for each in pixels])
