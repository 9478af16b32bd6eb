"""Ctrl-C as a wish, not as an exception in the middle of a step."""

import signal
from collections.abc import Callable
from types import FrameType


class InterruptFlag:
    """While entered, the first Ctrl-C sets `is_set`; the second one raises `KeyboardInterrupt`."""

    def __init__(self, say: Callable[[str], None]):
        self.is_set = False
        self._say = say

    def __enter__(self) -> "InterruptFlag":
        self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True
        self._say("stopping after these steps; again to give up at once")
