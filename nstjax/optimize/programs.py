"""The programs of all levels, each in the best way that fits."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from nstjax.optimize.pyramid import Level
from nstjax.optimize.ways import Fit, Way
from nstjax.optimize.work import Prepared, Steps, trace


class Programs:
    """Compiles levels, the next one in a thread while this one runs.

    Args:
        levels: coarse to fine.
        steps: what the steps of all have in common.
        ways: how a level may run, the best way first.
        room: bytes that a program may take on each device; None: nobody knows.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        steps: Steps,
        ways: Callable[[Level], Sequence[Way]],
        room: int | None,
    ):
        self.levels, self.steps = levels, steps
        self._ways, self._fit = ways, Fit(room)
        self._compiler = ThreadPoolExecutor(1, "compiler")
        self._coming: dict[int, Future[Prepared]] = {}

    def begin(self, index: int) -> None:
        """Has a level, if there is one, compiled in the way that should fit; once."""
        if index < len(self.levels) and index not in self._coming:
            level = self.levels[index]
            ways = self._ways(level)
            way = ways[self._fit.first(level, ways)]
            traced = trace(self.steps, level, self._done_before(index), way)
            self._coming[index] = self._compiler.submit(traced)

    def take(self, index: int) -> Prepared:
        """A level's programs, in the first way that fits; once.

        Raises `UserError` where none does, and with the first level where none will at another.
        """
        self.begin(index)
        level = self.levels[index]
        found = self._fitting(level, self._done_before(index), self._coming.pop(index).result())
        for other in self.levels[1:] if index == 0 else ():
            self._fit.check(other, self._ways(other))
        return found

    def smaller(self, level: Level, done: int, way: Way) -> Prepared | None:
        """The programs for what is left of a level, in the best of the ways behind one, if any is."""
        following = self._behind(level, way)
        if following is None:
            return None
        return self._fitting(level, done, trace(self.steps, level, done, following)())

    def close(self) -> None:
        """Ends without waiting. A compilation cannot be stopped; the end of the process waits for it."""
        self._compiler.shutdown(wait=False, cancel_futures=True)

    def _done_before(self, index: int) -> int:
        """Steps of the levels before one."""
        return sum(before.steps for before in self.levels[:index])

    def _fitting(self, level: Level, done: int, prepared: Prepared) -> Prepared:
        while True:
            self._fit.learn(level, prepared.way, prepared.need)
            needs = prepared.need, prepared.problem.need
            if all(map(self._fit.has_room_for, needs)):
                return prepared
            following = self._behind(level, prepared.way)
            if following is None:
                raise self._fit.too_large(level, max(need.total for need in needs))
            prepared = trace(self.steps, level, done, following)()

    def _behind(self, level: Level, way: Way) -> Way | None:
        ways = self._ways(level)
        rest = ways[ways.index(way) + 1 :]
        return rest[self._fit.first(level, rest)] if rest else None
