"""Numbered pictures on the way."""

import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nstjax.result import Progress


class Snapshots:
    """While entered, writes `NAME_00050.png` beside the output at every multiple of `every` steps.

    The picture is a copy that the device has set aside, and a thread writes it: neither the device nor
    the loop waits.
    """

    def __init__(
        self,
        output: Path,
        every: int,
        write: Callable[[Path, np.ndarray], object],
        *,
        spans_hosts: bool = False,
    ):
        self._output = output
        self._write = write
        self._spans_hosts = spans_hosts
        self._every = every
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._writes: list[Future[object]] = []

    def __enter__(self) -> "Snapshots":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._writer.shutdown()
        for done in self._writes if kind is None else ():  # what the work has raised matters more
            done.result()  # raises what the writing raised

    def __call__(self, progress: Progress) -> None:
        """Writes a picture if one is due."""
        if progress.total_step % self._every == 0:
            path = self._output.with_name(snapshot_name(self._output, progress.total_step))
            image = progress.image
            if self._spans_hosts:  # which all must ask for it, in one order
                image = functools.partial(np.asarray, image())
            self._writes.append(self._writer.submit(lambda: self._write(path, image())))


def snapshot_name(output: Path, step: int) -> str:
    """The name of the picture after so many steps."""
    return f"{output.stem}_{step:05}{output.suffix}"
