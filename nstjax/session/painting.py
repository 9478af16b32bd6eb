"""The chunks of a transfer, which may become another one between two of them."""

import functools
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nstjax.optimize import Chunk, Level, Point, Run
from nstjax.prepare import Numbers, Transfer, numbers_of
from nstjax.result import Course, Progress
from nstjax.session.digests import digests_of
from nstjax.session.pace import Pace
from nstjax.settings import Settings


class Painting:
    """A transfer on its way. One thread advances it; others may look, and say what is to come."""

    def __init__(self, transfer: Transfer):
        self.transfer = transfer
        self.course = Course(transfer.show)
        self.initial = transfer.initial  # what the first level starts from
        self.done_before = 0  # steps until then
        self.point: Point | None = None  # where the next run is taken up
        self.is_over = False  # all steps are done
        self._changing = threading.RLock()  # of what is to come
        self._coming: tuple[Transfer, bool] | None = None
        self._told = transfer.settings  # whose numbers the last chunk was begun with
        self._run: Run | None = None
        self._chunks: Iterator[Chunk] = iter(())
        self._stop_every = 0
        self._deadline: float | None = None
        self._pace: Pace | None = None

    @functools.cached_property
    def digests(self) -> dict[str, str]:
        """What the picture is made from, each as a digest."""
        return digests_of(self.transfer)

    @property
    def newest(self) -> Transfer:
        """The transfer that will go on."""
        with self._changing:
            return self.transfer if self._coming is None else self._coming[0]

    @property
    def schedule(self) -> tuple[Level, ...]:
        """The transfer's levels, with the steps that those until now had, and usual ones to come."""
        last, usual = self.course.last, self.transfer.levels
        if last is None:
            return usual
        here = usual[last.level]
        here = here._replace(steps=max(last.step, here.steps))
        return (*last.levels[: last.level], here, *usual[last.level + 1 :])

    @property
    def levels(self) -> tuple[Level, ...]:
        """The schedule that the history follows, and what is to come of it as it is planned."""
        course = self.course
        return course.levels if course.last else (*course.past, *self.transfer.levels)

    def pixels(self) -> np.ndarray:
        """The picture so far (h, w, 3), as it is optimized."""
        last, point, initial = self.course.last, self.point, self.initial
        if last is not None:
            return last.image()
        return initial if point is None else np.array(point.picture)

    def tell(self, settings: Settings) -> None:
        """From the next chunk that is begun, the same with the numbers of other settings."""
        with self._changing:
            if self._coming is None:
                self.transfer = replace(self.transfer, settings=settings)
            else:
                transfer, afresh = self._coming
                self._coming = replace(transfer, settings=settings), afresh

    def replace(self, transfer: Transfer, *, afresh: bool) -> None:
        """After the chunk that is under way another one goes on, from the picture or from its own."""
        with self._changing:
            self._coming = transfer, afresh or (self._coming is not None and self._coming[1])

    def end_chunks(self, stop_every: int, deadline: float | None) -> None:
        """Says where chunks are to end, which may need other programs; and by when all of them are."""
        is_same = stop_every == self._stop_every and deadline is None and self._deadline is None
        self._stop_every, self._deadline = stop_every, deadline
        if self._run is not None and not is_same:
            self._run.ended = True

    def advance(self, *, ahead: bool) -> Progress | None:
        """The next chunk, done; None once there is none.

        Whatever it raises, the next call goes on from the last picture that was handed out.
        """
        try:
            return self._advance(ahead)
        except BaseException:
            self._give_up_run()
            raise

    def _advance(self, ahead: bool) -> Progress | None:
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
            if self._run.ended:
                self._leave()
            else:  # by the clock
                self.course.end()
                self._finish()
        return None

    def settle(self) -> None:
        """Finishes the chunk that is under way, if any, and begins none."""
        if self._run is not None and self._run.is_ahead:
            self.advance(ahead=False)
        if self._coming is not None:
            self._leave()
            self._switch()
        elif self._run is not None and (point := self._run.point()) is not None:
            self.point = point

    def keep_next(self) -> None:
        """Gives the next chunk its point, in arrays that last."""
        if self._run is not None:
            self._run.keeps = True

    def _next_run(self) -> Run:
        if self._coming is not None:
            self._switch()
        transfer, point, is_timed = self.transfer, self.point, self._deadline is not None
        if point is not None:  # the run has its own copy of the state
            self.point = point._replace(state=None)
        self._pace = None if self._deadline is None else Pace(transfer.levels, self._deadline)
        work = transfer.work(
            self._numbers, self.initial, stop_every=self._stop_every, open_ended=is_timed
        )
        plan = self._pace and self._pace.plan
        work = work._replace(done=self.done_before, plan=plan)
        return Run(work, transfer.spread.room(), point)

    def _numbers(self) -> Numbers:
        self._told = self.transfer.settings
        return numbers_of(self._told)

    def _taken(self, chunk: Chunk) -> Progress:
        progress = self.course.add(chunk)
        if self._pace is not None:
            told = self._pace.observe(progress)
            progress = self.course.progress = progress._replace(told=(*progress.told, *told))
        elif progress.total_step == progress.total_steps:
            self._finish()
        return progress

    def _finish(self) -> None:
        """All is done: nobody needs the optimizer's state any more."""
        self._chunks, self._run = iter(()), None
        last = self.course.last
        assert last is not None
        with self._changing:
            self.transfer = replace(self.transfer, levels=self.schedule, settings=self._told)
            self.point = Point(last.level, last.step, 0, (), last.image())  # type: ignore[arg-type]
            self.is_over = True

    def _leave(self) -> None:
        """Lets go of a run that has nothing under way, to take it up again where it is."""
        if self._run is None:
            return
        self._chunks, run, self._run = iter(()), self._run, None
        point = run.point()
        with self._changing:
            self.transfer = replace(self.transfer, levels=self.schedule)
            if point is not None:
                self.point = point._replace(picture=self.pixels())

    def _give_up_run(self) -> None:
        """Lets go of a run that has failed, and of the optimizer's memory."""
        self._chunks, self._run = iter(()), None
        last, point = self.course.last, self.point
        if last is None and (point is None or point.state is not None):
            return  # nothing has begun since
        with self._changing:
            place = last or point
            assert place is not None
            levels = self.schedule
            left = levels[place.level]._replace(steps=levels[place.level].steps - place.step)
            rest = (*([left] if left.steps else []), *levels[place.level + 1 :])
            self._start_again(self.transfer, rest, self.pixels())
            self.is_over = not rest

    def _switch(self) -> None:
        """Goes on with the transfer that was to come."""
        with self._changing:
            assert self._coming is not None
            (transfer, afresh), self._coming = self._coming, None
            if afresh or not (self.course.last or self.point or self.done_before):
                self._start_again(transfer, transfer.levels, transfer.initial)
                return
            initial = self.pixels()
            height, width, _ = initial.shape
            here = [level for level in transfer.levels if level.pixels >= height * width]
            self._start_again(transfer, tuple(here) or transfer.levels[-1:], initial)

    def _start_again(
        self, transfer: Transfer, levels: tuple[Level, ...], initial: np.ndarray
    ) -> None:
        """From a picture goes on with some levels of a transfer; what was until now is the past."""
        past, history, progress = self._past(), self.course.history, self.course.progress
        self.initial, self.point, self.is_over = initial, None, False
        self.course = Course(transfer.show, history, past)
        self.course.progress = progress
        self.done_before = sum(level.steps for level in past)
        self.transfer = replace(transfer, levels=levels or transfer.levels[-1:])
        self.__dict__.pop("digests", None)  # files may have been read again

    def _past(self) -> tuple[Level, ...]:
        """The levels until now, with the steps that they had."""
        place, levels = self.course.last or self.point, self.schedule
        if place is None:
            return self.course.past
        here = levels[place.level]._replace(steps=place.step)
        return (*self.course.past, *levels[: place.level], here)
