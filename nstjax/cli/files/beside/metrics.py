"""Every step's losses as lines of JSON."""

import contextlib
import json
import os
import stat
import time
from pathlib import Path

from nstjax.errors import UserError
from nstjax.files import write_whole
from nstjax.result import Progress

LEAST_WAIT = 1.0  # seconds between writes
NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # Windows has none
WAITS = 20  # between writes, as many times as long as one takes


class MetricsFile:
    """While entered, writes one object a step: level, width, height, step, seconds and each loss.

    The lines appear while the work goes on, so that they can be watched: about every second there is a
    new file with all of them, so that none is ever seen half. A pipe or a device, such as
    /dev/stdout, gets each line once.

    Raises `UserError` at the end where not all of it could be written, and for a pipe at once.
    """

    def __init__(self, path: Path):
        self._path = path

    def __enter__(self) -> "MetricsFile":
        self._started = time.monotonic()
        self._lines = (_Stream if is_stream(self._path) else _WholeFile)(self._path)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # What the work has raised matters more.
        with contextlib.suppress(*[UserError] if kind else []):
            self._lines.finish()

    def __call__(self, progress: Progress) -> None:
        """Writes the steps since the last report, or keeps them for the next time."""
        self._lines.add("".join(json.dumps(line) + "\n" for line in self._of(progress)))

    def _of(self, progress: Progress) -> list[dict[str, float]]:
        seconds = round(time.monotonic() - self._started, 3)
        count = len(progress.losses.total)
        return [
            {
                "level": progress.level,
                "width": progress.width,
                "height": progress.height,
                "step": progress.step - count + index + 1,
                "total_step": progress.total_step - count + index + 1,
                "seconds": seconds,
                **{name: float(term[index]) for name, term in progress.losses._asdict().items()},
            }
            for index in range(count)
        ]


def is_stream(path: Path) -> bool:
    """Whether a file cannot be replaced, but gets what is written to it at once."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


class _WholeFile:
    """All lines, in memory and now and then in the file."""

    def __init__(self, path: Path):
        self._path, self._text, self._written, self._due = path, "", 0, 0.0

    def add(self, text: str) -> None:
        self._text += text
        if time.monotonic() >= self._due:
            with contextlib.suppress(UserError):  # until the end there may be room again
                self.finish()

    def finish(self) -> None:
        if len(self._text) == self._written:
            return
        begun = time.monotonic()
        try:
            write_whole(self._path, self._text.encode())
            self._written = len(self._text)
        finally:
            ended = time.monotonic()
            self._due = ended + max(LEAST_WAIT, WAITS * (ended - begun))


class _Stream:
    """Lines that go on at once."""

    def __init__(self, path: Path):
        self._path = path
        try:
            # A pipe that nobody reads is told, and not waited for.
            number = os.open(path, os.O_WRONLY | NO_WAITING)
            if NO_WAITING:
                os.set_blocking(number, True)
            self._file = open(number, "w", encoding="utf-8")  # noqa: SIM115 - closed by `finish`
        except OSError as error:
            raise self._told(error) from None

    def add(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise self._told(error) from None

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # what could not be written has been told
            self._file.close()

    def _told(self, error: OSError) -> UserError:
        return UserError(f"cannot write metrics to {self._path}: {error.strerror}")
