"""Every step's losses as lines of JSON."""

import contextlib
import json
import os
import time
from pathlib import Path

from nstjax.errors import UserError
from nstjax.result import Progress


class MetricsFile:
    """While entered, writes one object a step: level, width, height, step, seconds and each loss.

    The lines appear while the work goes on, so that they can be watched; the file is made with the
    first of them.

    Raises `UserError` where it cannot be written.
    """

    def __init__(self, path: Path):
        self._path = path
        self._file = None
        if os.path.isdir(path) or not os.access(path.parent, os.W_OK):
            raise UserError(f"cannot write metrics to {path}: give a file in a folder that exists")

    def __enter__(self) -> "MetricsFile":
        self._started = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # what could not be flushed has been told
                self._file.close()

    def __call__(self, progress: Progress) -> None:
        """Writes the steps since the last report."""
        try:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8")
            self._file.writelines(json.dumps(line) + "\n" for line in self._lines(progress))
            self._file.flush()
        except OSError as error:
            raise UserError(f"cannot write metrics to {self._path}: {error.strerror}") from None

    def _lines(self, progress: Progress) -> list[dict[str, float]]:
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
