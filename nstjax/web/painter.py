"""One thread that paints the pictures of all: each gets one turn after the other."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from nstjax.errors import UserError

PATIENCE = 5  # seconds at the end


class Turns(Protocol):
    """What is done bit by bit."""

    def turn(self) -> bool:
        """Does a bit; returns whether there is more. Tells its own failures, and raises nothing."""
        ...


class Painter:
    """Gives a few a turn each, round and round; the others wait in line in the order they came.

    All steps are done in its one thread: the device is never shared by two without their knowing.
    """

    def __init__(
        self,
        *,
        at_once: int,
        waiting: int,
        within: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
    ):
        """`within` is entered by the thread: what it chooses holds there alone."""
        self._at_once, self._most, self._within = at_once, at_once + waiting, within
        self._changed = threading.Condition()
        self._painting: deque[Turns] = deque()
        self._waiting: deque[Turns] = deque()
        self._paused: list[Turns] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    @property
    def count(self) -> int:
        """How many get turns now."""
        return len(self._painting)

    def add(self, work: Turns) -> None:
        """Puts somebody's work in line.

        Raises `UserError` where the line is full.
        """
        with self._changed:
            if len(self._painting) + len(self._waiting) + len(self._paused) >= self._most:
                raise UserError(
                    f"{self._most} pictures are in line here already: try again in a few minutes"
                )
            self._waiting.append(work)
            self._move_up()

    def place(self, work: Turns) -> int:
        """The place in line from 1; 0 for who gets turns, or is not in line."""
        with self._changed:
            return self._waiting.index(work) + 1 if work in self._waiting else 0

    def pause(self, work: Turns) -> None:
        """Gives it no turn after this one; whoever waits moves up."""
        with self._changed:
            if self._taken_out(work):
                self._paused.append(work)
            self._move_up()

    def go_on(self, work: Turns) -> None:
        """Puts what was paused at the end of the line."""
        with self._changed:
            if work in self._paused:
                self._paused.remove(work)
                self._waiting.append(work)
            self._move_up()

    def last_turn(self, work: Turns) -> None:
        """Lets it have a turn past the line: to end, not to go on."""
        with self._changed:
            if self._taken_out(work):
                self._painting.appendleft(work)
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the thread after the turn that it is at; not waiting long, since that may compile."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(PATIENCE)

    def _move_up(self) -> None:
        while self._waiting and len(self._painting) < self._at_once:
            self._painting.append(self._waiting.popleft())
        self._changed.notify_all()

    def _taken_out(self, work: Turns) -> bool:
        for those in (self._painting, self._waiting, self._paused):
            if work in those:
                those.remove(work)
                return True
        return False

    def _run(self) -> None:
        with self._within():
            while (work := self._next()) is not None:
                if not work.turn():
                    with self._changed:
                        self._taken_out(work)
                        self._move_up()

    def _next(self) -> Turns | None:
        """Whose turn it is; None once this is closed."""
        with self._changed:
            while True:
                if self._is_closed:
                    return None
                if self._painting:
                    self._painting.rotate(-1)
                    return self._painting[-1]
                self._changed.wait()
