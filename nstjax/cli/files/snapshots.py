"""Numbered pictures on the way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nstjax.result import Progress


class Snapshots:
    """While entered, writes `NAME_00050.png` beside the output at every multiple of `every` steps.

    The picture is a copy that the device has set aside, and a thread writes it: neither the device nor
    the loop waits.
    """

    def __init__(self, output: Path, every: int, write: Callable[[Path, np.ndarray], None]):
        self._output = output
        self._write = write
        self._every = every
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._writes = []

    def __enter__(self) -> "Snapshots":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.shutdown()
        for done in self._writes:
            done.result()  # raises what the writing raised

    def __call__(self, progress: Progress) -> None:
        """Writes a picture if one is due."""
        if progress.total_step % self._every == 0:
            name = f"{self._output.stem}_{progress.total_step:05}{self._output.suffix}"
            path = self._output.with_name(name)
            self._writes.append(self._writer.submit(lambda: self._write(path, progress.image())))
