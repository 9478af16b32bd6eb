"""Steps by the clock: as many at each level as there is time for."""

import time
from collections.abc import Callable, Sequence

from nstjax.optimize import Level
from nstjax.result import Progress


class Pace:
    """Plans levels so that the work ends by a deadline, from what the chunks until now took.

    All levels that are left get the same share f of the steps that they would have, n_m. With R seconds
    left, k steps done at this level i, s_m seconds a step at a level and o_m before its first one,

        R = (f n_i - k) s_i + sum_{m > i} (o_m + f n_m s_m)

    which is solved for f after each chunk. A step takes as long as there are pixels, and another level
    takes as long to begin as this one took, until it is known better.

    Args:
        levels: coarse to fine, with the steps that they have where nobody waits.
        deadline: by the clock, in seconds.
        clock: what tells the time.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._levels, self._usual = list(levels), tuple(levels)
        self._deadline, self._clock = deadline, clock
        self._level = -1  # the one that is known
        self._begun = clock()  # when the level before ended
        self._before = self._first = self._begun  # when the last chunk and the first one ended
        self._steps = 0  # of this level's chunks behind the first
        self._second = 0.0  # of a step at this level
        self._least = float("inf")  # for a step and a pixel: meanwhile the next level is compiled

    def plan(self) -> tuple[Level, ...]:
        """The levels as they are planned: without those that there is no time for."""
        return tuple(self._levels)

    def observe(self, progress: Progress) -> tuple[str, ...]:
        """Plans again, after a chunk; returns what a person should know of the plan, in lines."""
        now, index, chunk = self._clock(), progress.level - 1, len(progress.losses.total)
        if index != self._level:
            self._open(index, now, chunk)
        else:
            self._steps += chunk
            pixels = self._usual[index].pixels
            self._least = min(self._least, (now - self._before) / chunk / pixels)
            self._second = max(now - self._first, 1e-6) / self._steps
        self._before = now
        if self._least == float("inf") and index < len(self._levels) - 1:
            return ()  # of the very first chunk nobody knows how long it was compiled
        opening = max(0.0, self._first - self._begun - chunk * self._second)
        return self._plan(index, progress.step, chunk, opening)

    def _open(self, index: int, now: float, chunk: int) -> None:
        """Notes the first chunk of a level, which has taken no longer than since the level before."""
        if self._level >= 0:
            self._begun = self._before
        guess = max(now - self._begun, 1e-6) / chunk
        if self._second:
            ratio = self._usual[index].pixels / self._usual[self._level].pixels
            guess = min(guess, self._second * ratio)
        self._level, self._first, self._steps, self._second = index, now, 0, guess

    def _plan(self, index: int, done: int, chunk: int, opening: float) -> tuple[str, ...]:
        """Gives this level and those behind it their steps; see above."""
        left = self._deadline - self._before
        last = self._last(index, left)
        told = self._told(last) if last < len(self._levels) - 1 else ()
        del self._levels[last + 1 :]
        seconds = [self._second * level.pixels / self._usual[index].pixels for level in self._usual]
        work = [level.steps * each for level, each in zip(self._usual, seconds, strict=True)]
        left -= opening * (last - index)
        share = max(0.0, (left + done * self._second) / sum(work[index : last + 1]))
        for place in range(index, last + 1):
            self._levels[place] = self._usual[place]._replace(
                steps=max(1, int(share * self._usual[place].steps))
            )
        if index == last:  # whole chunks only, to end by then
            more = max(0, int(left / (chunk * self._second)))
            if not self._steps and left > 0:  # one more, to know how long they take
                more = max(1, more)
            self._levels[index] = self._usual[index]._replace(steps=done + more * chunk)
        return told

    def _last(self, index: int, left: float) -> int:
        """The finest level that there is time for: for a step at each one until it.

        How long they take to begin is not counted, since the first one has told too much of that.
        """
        last = index
        for place in range(index + 1, len(self._levels)):
            left -= self._least * self._usual[place].pixels
            if left >= 0:
                last = place
        return last

    def _told(self, last: int) -> tuple[str, ...]:
        wanted, level = self._levels[-1], self._levels[last]
        return (
            f"the time does not suffice for {wanted.width}x{wanted.height}, where a step takes about "
            f"{self._least * wanted.pixels:.1f} s: it is painted at {level.width}x{level.height} and "
            "enlarged",
        )
