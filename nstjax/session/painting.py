"""The chunks of a transfer, which may become another one between two of them."""

import functools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nstjax.optimize import Chunk, Level, Point, Run
from nstjax.prepare import Numbers, Transfer, numbers_of
from nstjax.result import Course, Progress
from nstjax.session.digests import digests_of
from nstjax.session.pace import Pace


class Painting:
    """A transfer on its way. One thread advances it; others may say what is to come."""

    def __init__(self, transfer: Transfer):
        self.transfer = transfer
        self.course = Course(transfer.show)
        self.initial, self.done_before = (
            transfer.initial,
            0,
        )  # what the first level starts from, and when
        self.point: Point | None = None  # where the next run is taken up
        self.is_over = False  # all steps are done
        self._coming: tuple[Transfer, bool] | None = None
        self._run: Run | None = None
        self._chunks: Iterator[Chunk] = iter(())
        self._stop_every, self._deadline = 0, None
        self._pace: Pace | None = None

    @functools.cached_property
    def digests(self) -> dict[str, str]:
        """What the picture is made from, which never changes, each as a digest."""
        return digests_of(self.transfer)

    @property
    def newest(self) -> Transfer:
        """The transfer that will go on."""
        return self.transfer if self._coming is None else self._coming[0]

    @property
    def levels(self) -> tuple[Level, ...]:
        """The schedule that the history follows, and what is to come of it."""
        if self.course.last is None:
            return (*self.course.past, *self.transfer.levels)
        return self.course.levels

    def pixels(self) -> np.ndarray:
        """The picture so far (h, w, 3), as it is optimized."""
        if self.course.last is not None:
            return self.course.last.image()
        return self.initial if self.point is None else np.array(self.point.picture)

    def tell(self, transfer: Transfer) -> None:
        """From the next chunk that is begun, the same with other numbers."""
        if self._coming is None:
            self.transfer = transfer
        else:
            self._coming = transfer, self._coming[1]

    def replace(self, transfer: Transfer, *, afresh: bool) -> None:
        """After the chunk that is under way another one goes on, from the picture or from its own."""
        self._coming = transfer, afresh or (self._coming is not None and self._coming[1])

    def schedule(self, stop_every: int, deadline: float | None) -> None:
        """Where chunks are to end, which may need other programs; and by when all of them are."""
        is_same = stop_every == self._stop_every and deadline is None and self._deadline is None
        self._stop_every, self._deadline = stop_every, deadline
        if self._run is not None and not is_same:
            self._run.ended = True

    def advance(self, *, ahead: bool) -> Progress | None:
        """The next chunk, done; None once there is none."""
        while self._coming is not None or not self.is_over:
            if self._run is None:
                self._run = self._next_run()
                self._chunks = self._run.chunks()
            self._run.ahead = ahead
            if self._coming is not None:  # a chunk that is under way is handed out first
                self._run.ended = True
            chunk = next(self._chunks, None)
            if chunk is not None:
                return self._taken(chunk)
            if not self._run.ended:  # by the clock, before the finest level
                self.course.end()
                self.is_over = True
            self._leave()
        return None

    def settle(self) -> None:
        """Finishes the chunk that is under way, if any, and begins none."""
        if self._run is not None and self._run.is_ahead:
            self.advance(ahead=False)
        if self._coming is not None:
            self._leave()
            self._switch()
        elif self._run is not None:
            self.point = self._run.point()

    def keep_next(self) -> None:
        """Gives the next chunk its point, in arrays that last."""
        if self._run is not None:
            self._run.keeps = True

    def _next_run(self) -> Run:
        if self._coming is not None:
            self._switch()
        transfer, is_timed = self.transfer, self._deadline is not None
        self._pace = None if self._deadline is None else Pace(transfer.levels, self._deadline)
        work = transfer.work(
            lambda: self._numbers, self.initial, stop_every=self._stop_every, open_ended=is_timed
        )
        plan = self._pace and self._pace.plan
        return Run(
            work._replace(done=self.done_before, plan=plan), transfer.spread.room(), self.point
        )

    @property
    def _numbers(self) -> Numbers:
        return numbers_of(self.transfer.settings)

    def _taken(self, chunk: Chunk) -> Progress:
        progress = self.course.add(chunk)
        if self._pace is not None:
            told = self._pace.observe(progress)
            progress = self.course.progress = progress._replace(told=(*progress.told, *told))
        if progress.total_step == progress.total_steps:
            next(self._chunks, None)  # the programs are let go
            self._leave()
            self.is_over = True
        return progress

    def _leave(self) -> None:
        """Lets go of a run that is over, or has nothing under way."""
        if self._run is not None:
            self._chunks, run, self._run = iter(()), self._run, None
            if (point := run.point()) is not None:
                self.point = point._replace(picture=self.pixels())

    def _switch(self) -> None:
        """Goes on with the transfer that was to come."""
        assert self._coming is not None
        (transfer, afresh), self._coming = self._coming, None
        past, history, progress = self._past(), self.course.history, self.course.progress
        has_begun = self.course.last is not None or self.point is not None
        initial = self.pixels() if has_begun and not afresh else transfer.initial
        height, width, _ = initial.shape
        levels = transfer.levels
        if has_begun and not afresh:
            from_here = [level for level in levels if level.pixels >= height * width]
            levels = tuple(from_here) or levels[-1:]
        self.transfer, self.initial = replace(transfer, levels=levels), initial
        self.done_before, self.point = sum(level.steps for level in past), None
        self.course = Course(transfer.show, history, past)
        self.course.progress, self.is_over = progress, False

    def _past(self) -> tuple[Level, ...]:
        """The levels until now, with the steps that they had."""
        last, place = self.course.last, self.course.last or self.point
        if place is None:
            return self.course.past
        levels = self.transfer.levels if last is None else last.levels
        here = levels[place.level]._replace(steps=place.step)
        return (*self.course.past, *levels[: place.level], here)
