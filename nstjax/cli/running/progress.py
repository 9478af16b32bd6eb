"""The progress bar."""

import numpy as np
import rich.console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from nstjax.result import Progress


class ProgressBar:
    """While entered, shows level, size, step, loss and the time left.

    The bar counts pixels times steps, since a step at full size costs many times one at a coarse level.
    """

    def __init__(self, console: rich.console.Console):
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
        )

    def __enter__(self) -> "ProgressBar":
        self._bars.start()
        self._task = self._bars.add_task("compiling", total=1.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, progress: Progress, which: str = "") -> None:
        """Moves the bar; `which` pictures are meant stands first, and of a batch the mean loss."""
        loss = np.mean(progress.losses.total[-1])
        description = (
            f"{which}level {progress.level}/{progress.levels} {progress.width}x{progress.height} "
            f"step {progress.step}/{progress.steps} loss {loss:.4g}"
        )
        self._bars.update(self._task, completed=progress.fraction, description=description)
