"""SIGINT, SIGTERM and SIGHUP, from the first moment of a process to its last.

A handler that raises may do so within an import, a `__del__` or a callback, where the exception is
swallowed or does damage. In a process of our own nothing is raised: the work is asked to end, or the
process ends there and then.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from weights_tools.process import unfinished

# Windows has no SIGHUP.
_CAUGHT = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
FAILURE = 2  # the exit code of what went wrong
_SHOW_CURSOR = "\x1b[?25h"


class Signals:
    """What has come, and what there is to be kept; the first signal asks, the second one ends."""

    def __init__(self) -> None:
        self.number: int | None = None  # of the first signal that came
        self.has_result = False  # whether an orderly end has something to keep
        self.notice = ""  # what is said as the work is asked to end
        self.parting = "interrupted: nothing was written"  # and where it ends at once

    @property
    def exit_code(self) -> int:
        """As shells have it: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP."""
        return 128 + (self.number or signal.SIGINT)

    def outcome(self, code: int) -> int:
        """Return the exit code of a command that came to `code`: the signal's, unless it failed."""
        return code if self.number is None or code == FAILURE else self.exit_code

    def watch(self) -> None:
        """Act on a signal at once from now on, also while the main thread is busy in a library."""

    def arrive(self, number: int) -> None:
        """Do what a signal asks for."""
        first = self.number is None
        if first:
            self.number = number
        if first and self.has_result:
            if self.notice:
                self.say(self.notice)
        else:
            if not first:
                self.parting = "interrupted"
            self.give_up()

    def say(self, text: str) -> None:
        """Print a line on stderr, from within whatever else may be printed there."""
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            print(text, file=sys.stderr)

    def give_up(self) -> None:
        """End without keeping anything."""
        raise KeyboardInterrupt

    def wait_for_end(self) -> None:
        """Return, unless the process is being given up: the main thread has nothing more to say."""


class _OwnSignals(Signals):
    """Of a process that may be ended: nothing is ever raised.

    The system's handler writes a byte into a pipe, whatever the main thread does. Python's handler
    reads it, or a thread that waits for it; so none is lost, and none counts twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_watched = False
        self._is_over = False
        self._pipe: int | None = None
        if os.name == "posix":
            self._pipe, writing = os.pipe()
            for end in (self._pipe, writing):
                os.set_blocking(end, False)
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Python's handler: between two of the main thread's instructions."""
        del frame
        if self._pipe is None:
            self.arrive(number)
        elif not self._is_watched:
            self._read()

    def watch(self) -> None:
        """Act on a signal at once from now on, also while the main thread is busy in a library."""
        if self._pipe is None or self._is_watched:
            return
        import threading

        self._is_watched = True
        os.set_blocking(self._pipe, True)
        threading.Thread(target=self._read_always, name="signals", daemon=True).start()

    def _read(self) -> None:
        assert self._pipe is not None
        with contextlib.suppress(BlockingIOError):
            for number in os.read(self._pipe, 64):
                if number in _CAUGHT:
                    self.arrive(number)

    def _read_always(self) -> None:
        while True:
            self._read()

    def say(self, text: str) -> None:
        """Print a line on stderr, past all locks and buffers; not where it would have to wait."""
        if os.isatty(2):  # behind a progress bar, which has hidden the cursor
            text = f"{'' if os.environ.get('TERM') == 'dumb' else _SHOW_CURSOR}\n{text}"
        with contextlib.suppress(OSError, ValueError):
            if os.name != "posix" or select.select([], [2], [], 0)[1]:
                os.write(2, f"{text}\n".encode())

    def give_up(self) -> None:
        """End the process."""
        self._is_over = True
        unfinished.undo_all()
        self.say(self.parting)
        os._exit(self.exit_code)

    def wait_for_end(self) -> None:
        """Return, unless the process is being given up: the main thread has nothing more to say."""
        while self._is_over:
            time.sleep(0.1)


_current = Signals()  # of the main thread


def current() -> Signals:
    """Return the signals of the command that runs; in another thread, which gets none, inert ones."""
    import threading

    return _current if threading.current_thread() is threading.main_thread() else Signals()


def catch_for_good() -> Signals:
    """Catch the signals until the process ends, which must be the caller's own."""
    global _current
    try:
        caught = _OwnSignals()
        for number in _CAUGHT:
            # `nohup` lets a command survive its terminal. SIGINT is ignored wherever a script puts a
            # command into the background, which asks for nothing.
            if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, caught.handle)
        _current = caught
    except ValueError:  # in a thread
        _current = Signals()
    return _current


def _is_free(number: int) -> bool:
    """Tell whether nobody has set a handler; see above for SIGINT."""
    handler = signal.getsignal(number)
    is_ignored = number == signal.SIGINT and handler == signal.SIG_IGN
    return is_ignored or handler in (signal.SIG_DFL, signal.default_int_handler)


@contextlib.contextmanager
def caught_meanwhile() -> Iterator[Signals]:
    """Catch the signals within the block, in a process that is somebody else's.

    A signal raises `KeyboardInterrupt` where there is nothing to be kept. Handlers that somebody has
    set stay; in a thread, where no signal can be caught, nothing happens.
    """
    global _current
    signals, before = Signals(), _current
    handlers = {}
    try:
        for number in _CAUGHT:
            if _is_free(number):
                handlers[number] = signal.signal(number, lambda number, _: signals.arrive(number))
    except ValueError:
        yield signals
        return
    if handlers:
        _current = signals
    try:
        yield signals
    finally:
        _current = before
        for number, handler in handlers.items():
            signal.signal(number, handler)
