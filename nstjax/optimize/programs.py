"""The programs of all levels, each in the best way that fits."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from nstjax.optimize.pyramid import Level
from nstjax.optimize.start import Carry
from nstjax.optimize.ways import Fit, Way
from nstjax.optimize.work import Prepared, Steps, trace


class Work(NamedTuple):
    """What there is to do for a picture, or for a batch."""

    levels: tuple[Level, ...]  # coarse to fine
    # Pixels (H, W, 3) of any size, resized to the first level; of a batch a list of such.
    initial: np.ndarray | Sequence[np.ndarray]
    steps: Steps  # what the steps of all levels have in common
    ways: Callable[[Level], Sequence[Way]]  # how a level may run, the best way first
    carry: Carry | None = None  # makes a level's optimizer state from the last one's
    done: int = 0  # steps that were done before
    # Of open-ended steps: the levels with as many as they shall have, asked before each chunk.
    plan: Callable[[], tuple[Level, ...]] | None = None


class Programs:
    """Compiles levels, the next one in a thread while this one runs.

    Args:
        work: whose programs they are.
        room: bytes that a program may take on each device; None: nobody knows.
    """

    def __init__(self, work: Work, room: int | None):
        self.room, self._work, self._fit = room, work, Fit(room)
        self._compiler = ThreadPoolExecutor(1, "compiler")
        self._coming: dict[int, Future[Prepared]] = {}

    def begin(self, index: int, step: int = 0, way: int | None = None) -> None:
        """Has a level, if there is one, compiled; once.

        Args:
            index: of the level.
            step: how many of its steps are done.
            way: number of the way that these were done in; None: the one that should fit.
        """
        levels = self._work.levels
        if index < len(levels) and index not in self._coming:
            level = levels[index]
            ways = self._work.ways(level)
            chosen = ways[self._fit.first(level, ways) if way is None else way]
            traced = trace(self._work.steps, level, self._done(index, step), chosen)
            self._coming[index] = self._compiler.submit(traced)

    def take(self, index: int, step: int = 0, way: int | None = None) -> Prepared:
        """A level's programs, in the first way that fits; once. The arguments are those of `begin`.

        Raises `UserError` where none does, and with the first level where none will at another.
        """
        self.begin(index, step, way)
        levels, prepared = self._work.levels, self._coming.pop(index).result()
        found = self._fitting(levels[index], self._done(index, step), prepared)
        for other in levels[1:] if index == 0 else ():
            self._fit.check(other, self._work.ways(other))
        return found

    def smaller(self, index: int, step: int, way: Way) -> Prepared | None:
        """The programs for what is left of a level, in the best of the ways behind one, if any is."""
        level, done = self._work.levels[index], self._done(index, step)
        following = self._behind(level, way)
        if following is None:
            return None
        return self._fitting(level, done, trace(self._work.steps, level, done, following)())

    def number(self, index: int, way: Way) -> int:
        """Which of a level's ways one is."""
        return self._work.ways(self._work.levels[index]).index(way)

    def close(self) -> None:
        """Ends without waiting. A compilation cannot be stopped; the end of the process waits for it."""
        self._compiler.shutdown(wait=False, cancel_futures=True)

    def _done(self, index: int, step: int) -> tuple[int, int]:
        """Steps before a level, and those of it."""
        before = sum(before.steps for before in self._work.levels[:index])
        return self._work.done + before, step

    def _fitting(self, level: Level, done: tuple[int, int], prepared: Prepared) -> Prepared:
        while True:
            self._fit.learn(level, prepared.way, prepared.need)
            needs = prepared.need, prepared.problem.need
            if all(map(self._fit.has_room_for, needs)):
                return prepared
            following = self._behind(level, prepared.way)
            if following is None:
                raise self._fit.too_large(level, max(need.total for need in needs))
            prepared = trace(self._work.steps, level, done, following)()

    def _behind(self, level: Level, way: Way) -> Way | None:
        ways = self._work.ways(level)
        rest = ways[ways.index(way) + 1 :]
        return rest[self._fit.first(level, rest)] if rest else None
