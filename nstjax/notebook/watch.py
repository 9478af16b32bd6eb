"""The work as it goes on, in one place of a notebook."""

import importlib.util
import time
from typing import Any

import jax
import numpy as np

from nstjax.errors import UserError
from nstjax.losses import Losses
from nstjax.notebook.page import html
from nstjax.optimize import Level

LEAST_WAIT = 0.5  # seconds between pictures
LONG_SIDE = 512  # pixels of a picture, which goes to the browser each time


class Watch:
    """Give one as `on_progress`: it shows the picture so far, its losses and the time left.

    The output of the cell is replaced, at most about twice a second. One is enough for several pictures
    in turn; each gets an output of its own.

    Raises `UserError` where no notebook is running.
    """

    def __init__(self):
        self._display = _display_of_notebook()
        self._handle: Any = None
        self._begin()

    def __call__(self, progress: Any) -> None:
        """Takes a `Progress`, and shows it if it is time to."""
        if progress.total_step == len(progress.losses.total):  # the first one of a picture
            self._begin()
        self._keep(progress)
        now = time.monotonic()
        if self._started is None:
            self._started = now, progress.fraction
        if now >= self._due or progress.total_step == progress.total_steps:
            self._show(progress, self._caption(progress, now))
            self._due = time.monotonic() + LEAST_WAIT

    def _begin(self) -> None:
        self._handle = None
        self._due = 0.0
        self._started: tuple[float, float] | None = None  # when, and the work that was done then
        self._history: list[Losses] = []
        self._levels: dict[int, Level] = {}

    def _keep(self, progress: Any) -> None:
        self._history.append(progress.losses)
        self._levels[progress.level] = Level(progress.height, progress.width, progress.steps)

    def _show(self, progress: Any, caption: str) -> None:
        history = jax.tree.map(lambda *parts: np.concatenate(parts), *self._history)
        self._history = [history]
        levels = list(self._levels.values())
        text = html(progress.image(), history, levels, caption, long_side=LONG_SIDE)
        shown = _Html(text)
        if self._handle is None:
            self._handle = self._display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def _caption(self, progress: Any, now: float) -> str:
        return (
            f"level {progress.level} of {progress.levels}, {progress.width}x{progress.height}, step "
            f"{progress.step} of {progress.steps}{self._time_left(progress.fraction, now)}"
        )

    def _time_left(self, fraction: float, now: float) -> str:
        assert self._started is not None
        since, before = self._started
        if fraction <= before or fraction >= 1:
            return ""
        return f", {(now - since) * (1 - fraction) / (fraction - before):.0f} s left"


class _Html:
    """What a notebook shows as it is."""

    def __init__(self, text: str):
        self._text = text

    def _repr_html_(self) -> str:
        return self._text


def _display_of_notebook() -> Any:
    """IPython's `display`; raises `UserError` where nothing would be shown."""
    if importlib.util.find_spec("IPython") is None:
        raise UserError(
            "nstjax.notebook.Watch needs IPython, which is not installed: use it in Jupyter, or give "
            "another function as on_progress"
        )
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        raise UserError(
            "nstjax.notebook.Watch is for a notebook, and none is running here: give another function "
            "as on_progress"
        )
    return display
