"""The host's side of the optimization: chunks of steps, level after level."""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nstjax.images import resize
from nstjax.machine.host_memory import is_exhausted
from nstjax.optimize.batches import Batch
from nstjax.optimize.programs import Programs, Work
from nstjax.optimize.pyramid import Level
from nstjax.optimize.start import (
    is_of_shapes,
    memory_of,
    placed_state,
    start_state,
    state_shapes,
)
from nstjax.optimize.step import State
from nstjax.optimize.ways import Way
from nstjax.optimize.work import Prepared
from nstjax.tiles import Layout, fetch_picture


class Point(NamedTuple):
    """A place between two chunks, from which the work goes on as if it had never been broken off."""

    level: int  # index into the levels
    step: int  # steps done at this level
    way: int  # number of the way that they were done in
    # The picture, its average and the optimizer's memory, as they lie on the devices; None where a run
    # has taken them over.
    state: State | None
    picture: np.ndarray | None = None  # (H, W, 3), what is shown there; a chunk has it itself


class Chunk(NamedTuple):
    """Some finished steps of one level."""

    level: int  # index into the levels
    step: int  # steps done at this level
    total_step: int  # steps done at all levels, and before
    pixels: jax.Array  # (H, W, 3), the picture after these steps; of a batch (B, H, W, 3)
    reports: Any  # what `evaluate` reported, stacked over the chunk's steps: (steps,) or (steps, B)
    levels: tuple[Level, ...]  # all of them, with the steps that they had or are planned to have
    layout: Layout | None = None  # how the picture lies; None: whole, on one device
    told: tuple[str, ...] = ()  # what a person should know of how the level runs
    point: Point | None = None  # where it ended, if that was asked for

    def image(self) -> np.ndarray:
        """A copy of the picture on the host. Of several hosts each must ask for it."""
        return fetch_picture(self.pixels, self.layout)


class Start(NamedTuple):
    """What a level starts from."""

    pixels: np.ndarray | Sequence[np.ndarray]  # (h, w, 3) of any size; of a batch a list of such
    total_step: int = 0  # steps done before
    memory: Any = None  # the optimizer's, of the last level


def run_levels(work: Work, room: int | None = None) -> Iterator[Chunk]:
    """Optimizes the picture coarse to fine, to its end; see `Run`."""
    return Run(work, room).chunks()


def plan_levels(work: Work, room: int | None = None) -> Iterator[Prepared]:
    """The programs of each level, as `run_levels` would run them."""
    with contextlib.closing(Programs(work, room)) as programs:
        for index in range(len(work.levels)):
            yield programs.take(index)


class Run:
    """The levels of one picture, or batch, on their way, coarse to fine.

    While `ahead`, each chunk is yielded once the next one is under way, so that the device never waits
    for whoever consumes them. Each next level is traced once this one's first chunk is under way, and
    compiled in a thread meanwhile. Without `carry` the optimizer starts afresh at each level: its memory
    is of another size, and of another landscape.

    Where the memory does not suffice all the same, a level goes on from its last picture in the next of
    its ways.

    Args:
        work: what there is to do.
        room: how many bytes a program may take on each device; None: nobody knows.
        point: where an earlier run of the same work is taken up.
    """

    def __init__(self, work: Work, room: int | None = None, point: Point | None = None):
        self.ahead = True
        self.ended = False  # no other chunk is begun
        self.keeps = False  # the next chunk that is yielded has its point
        self.is_ahead = False  # as one was yielded, another one had been begun
        batch, carry = work.steps.batch, work.carry
        self._work, self._carry = work, jax.vmap(carry) if carry and batch else carry
        self._programs = Programs(work, room)
        self._from, self._first = point, 0 if point is None else point.level
        total = work.done + sum(level.steps for level in work.levels[: self._first])
        self._start = Start(work.initial, total)
        self._last: Chunk | None = None  # that is known to be finished, of this level
        self._point: Point | None = None  # where the last chunk that was begun ends
        self._done = list(work.levels[: self._first])  # with the steps that they had

    def chunks(self) -> Iterator[Chunk]:
        """The chunks, to the end of the last level or until the run is `ended`.

        Raises `UserError` where a level cannot fit in any way, before the first one begins if that can
        be told from its programs.
        """
        with contextlib.closing(self._programs):
            for index in range(self._first, len(self._work.levels)):
                if self.ended or index >= len(self._levels()):
                    return
                yield from self._level(index)

    def point(self) -> Point | None:
        """Where the last chunk ends, once it was yielded; its arrays last until another one is begun."""
        return self._point

    def _level(self, index: int) -> Iterator[Chunk]:
        """The chunks of a level; where the memory did not suffice after all, the rest in another way."""
        point, self._from, self._last = self._from, None, None
        step, way = (0, None) if point is None else (point.step, point.way)
        if point is not None:
            assert point.picture is not None
            self._start = Start(point.picture, self._start.total_step + step)
        prepared, told = self._programs.take(index, step, way), ()
        while True:
            used, attempt = prepared.way, self._attempt(index, step, prepared, told, point)
            del prepared, point  # with the pictures of its targets, and the optimizer's state
            try:
                yield from attempt
                return
            except Exception as error:
                if not is_exhausted(error):
                    raise
                failed = error.with_traceback(None)  # which would keep what the level had
            point = self._point = None
            if self._last is not None:
                step = self._last.step
                self._start = Start(self._last.image(), self._last.total_step)
            smaller = self._programs.smaller(index, step, used)
            if smaller is None:
                raise failed
            prepared = smaller
            told = (f"out of memory at level {index + 1}: it goes on from the last picture",)

    def _attempt(
        self,
        index: int,
        step: int,
        prepared: Prepared,
        told: tuple[str, ...],
        point: Point | None,
    ) -> Iterator[Chunk]:
        """The chunks of what a level has left, to its end."""
        steps, way, length = self._work.steps, prepared.way, prepared.chunk_length
        run_chunk, compute_problem = prepared.run_chunk, prepared.problem.compute
        can_copy, number = self._has_room_for_two(prepared), self._programs.number(index, way)
        del prepared
        problem = compute_problem()
        del compute_problem
        if steps.batch is not None:
            problem = steps.batch.placed(problem, steps.batch.specs)
        level, total = self._work.levels[index], self._start.total_step - step
        _, *numbers = steps.arguments(problem)
        state = None
        if point is not None:
            shapes = state_shapes(way.optimizer, level.height, level.width, way.layout)
            # With less memory free than then, the way may be another one with another state.
            if is_of_shapes(point.state, shapes):
                state = placed_state(point.state, shapes)
        del point
        if state is None:
            state = self._state(level, way, numbers[1])
        self._point = Point(index, step, number, state)
        told, pending = (*told, way.told) if way.told else told, None
        while True:
            is_done = self.ended or step >= self._planned(index, step, length)[index].steps
            if pending is not None and (is_done or not self.ahead):
                yield self._finished(self._kept(pending, can_copy))
                pending = None
                continue  # what is wanted, or planned, may be other now
            if is_done:
                break
            if pending is not None:
                pending = self._kept(pending, can_copy)
            state, picture, reports = run_chunk(state, *steps.arguments(problem))
            step += length
            self._point = Point(index, step, number, state)
            if pending is not None:
                self.is_ahead = True
                yield self._finished(pending)
            levels = self._planned(index, step, length)
            pending = Chunk(index, step, total + step, picture, reports, levels, way.layout, told)
            told, self.is_ahead = (), False
            if not self.ended and index + 1 < len(levels):
                self._programs.begin(index + 1)
        if self.ended:
            return
        self._done.append(level._replace(steps=step))
        memory = memory_of(state, way.layout) if self._carry else None
        image = self._start.pixels if self._last is None else self._last.image()
        self._start = Start(image, total + step, memory)
        if index + 1 < len(self._levels()):
            self._point = None  # nobody needs such a state any more

    def _levels(self) -> tuple[Level, ...]:
        return self._work.levels if self._work.plan is None else self._work.plan()

    def _planned(self, index: int, step: int, length: int) -> tuple[Level, ...]:
        """All levels, this one with as many steps as whole chunks come to."""
        levels = self._levels()
        level = levels[index]
        if self._work.plan is not None:
            more = max(level.steps - step, 0 if step else 1)
            level = level._replace(steps=step + -(-more // length) * length)
        return (*self._done, level, *levels[index + 1 :])

    def _state(self, level: Level, way: Way, averaging: jax.typing.ArrayLike) -> State:
        """What a level begins with, at its own size."""
        start, batch, carry = self._start, self._work.steps.batch, self._carry
        return start_state(
            way.optimizer,
            _resized(start.pixels, level, batch),
            averaging,
            way.layout,
            functools.partial(carry, start.memory) if carry and start.memory is not None else None,
            batch=batch,
        )

    def _has_room_for_two(self, prepared: Prepared) -> bool:
        """Whether a device has room for a copy of the state, and of whatever is held, beside all."""
        need, room = prepared.need, self._programs.room
        return room is None or need.total + need.held <= room

    def _kept(self, chunk: Chunk, can_copy: bool) -> Chunk:
        """The chunk; if that is wanted with where it ends, in arrays that last.

        A copy on the device waits for the chunk itself, and nobody for it; to fetch the state keeps the
        device waiting.
        """
        point = self._point
        if not self.keeps or point is None:
            return chunk
        self.keeps = False
        copied = None
        if can_copy:
            try:
                copied = jax.tree.map(jnp.copy, point.state)
            except Exception as error:
                if not is_exhausted(error):
                    raise
        if copied is None:
            copied = jax.tree.map(np.array, point.state)
        return chunk._replace(point=point._replace(state=copied))

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
