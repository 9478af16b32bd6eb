"""What the page says of a job: lines, a bar, and the losses as curves."""

import html
from typing import Any

import numpy as np

from nstjax.losses import Losses
from nstjax.web.job import Job

MOST_POINTS = 150  # of a curve
LEAST = 1e-12  # of a loss that is drawn: its logarithm must exist
# The terms as they are called, and how they are drawn.
CURVES = {"total": "total", "content": "content", "style": "style", "tv": "smoothness"}
COLORS = {"total": "blue", "content": "green", "style": "orange", "smoothness": "gray"}


def line(text: str, *, is_problem: bool = False) -> str:
    """A line for the page, whatever is in it."""
    kind = "problem" if is_problem else "told"
    return f'<p class="{kind}" role="status">{html.escape(text)}</p>' if text else ""


def state_line(job: Job, place: int) -> str:
    """What becomes of the picture, in one line."""
    if job.problem and job.state == "failed":
        return line(job.problem, is_problem=True)
    is_new = job.shown.progress is None
    beginning = "Beginning: reading and compiling." if is_new else "Going on."
    texts = {
        "waiting": f"Number {place} in line." if place else beginning,
        "painting": "",
        "paused": "Paused.",
        "done": "Done.",
        "stopped": "Stopped.",
        "failed": "",
    }
    return line(f"{texts[job.state]} {job.problem}".strip())


def bar(job: Job, painting: int) -> str:
    """How far the picture is, and how long it will take while so many are painted in turn."""
    progress = job.shown.progress
    if progress is None:
        return ""
    text = (
        f"Level {progress.level} of {progress.levels} ({progress.width}x{progress.height}), "
        f"step {progress.step} of {progress.steps}"
    )
    if job.state == "painting" and progress.fraction > 0:
        left = job.shown.seconds * (1 / progress.fraction - 1) * max(1, painting)
        text += f", about {_duration(left)} left"
    return f'<progress max="1" value="{progress.fraction:.4f}"></progress>{line(text)}'


def curves(history: Losses) -> dict[str, Any]:
    """Columns of the losses' logarithms over the steps, as many as a screen has room for."""
    steps = len(history.total)
    chosen = np.unique(np.linspace(0, steps - 1, min(steps, MOST_POINTS)).astype(int))
    columns: dict[str, list[Any]] = {"step": [], "log10 of loss": [], "loss": []}
    for name, shown in CURVES.items():
        values = np.asarray(getattr(history, name), np.float64)[chosen]
        if not values.any():  # of a term that is not there
            continue
        columns["step"] += [int(each) + 1 for each in chosen]
        columns["log10 of loss"] += np.log10(np.maximum(values, LEAST)).tolist()
        columns["loss"] += [shown] * len(chosen)
    return columns


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
