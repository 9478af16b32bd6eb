"""What comes out: reports on the way, and the picture at the end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from nstjax.images import resize
from nstjax.losses import Losses
from nstjax.optimize import Chunk, Level
from nstjax.settings import Settings


class Progress(NamedTuple):
    """How far the work is."""

    level: int  # from 1
    levels: int
    height: int  # of this level, in pixels
    width: int
    step: int  # steps done at this level
    steps: int  # of them
    total_step: int  # steps done at all levels
    total_steps: int  # of them
    fraction: float  # of the whole work, in pixels times steps
    losses: Losses  # arrays: each term before each step since the last report
    image: Callable[[], np.ndarray]  # the current picture (height, width, 3), copied on demand


# Called after each chunk of steps; True ends the work with the picture so far.
OnProgress = Callable[[Progress], bool | None]


@dataclass(frozen=True)
class Result:
    """A finished or stopped picture."""

    image: np.ndarray  # (H, W, 3), float32 sRGB in [0, 1]
    history: Losses  # each term before each step: arrays (steps,), the levels in turn
    levels: tuple[Level, ...]  # the schedule that `history` follows
    settings: Settings
    stopped: bool  # whether `on_progress` ended it early


def collect(
    chunks: Iterable[Chunk],
    levels: tuple[Level, ...],
    settings: Settings,
    on_progress: OnProgress | None,
    show: Callable[[np.ndarray], np.ndarray],
) -> Result:
    """Runs the chunks to their end or until `on_progress` asks to stop.

    `show` makes the pictures that are seen, on the way and at the end, from those being optimized.

    Raises `FloatingPointError` where a loss is not finite.
    """
    history: list[Losses] = []
    stopped = False
    for chunk in chunks:
        losses = jax.tree.map(np.asarray, chunk.reports)
        _check_finite(losses, chunk)
        history.append(losses)
        last = chunk
        progress = _progress(chunk, losses, levels, show)
        if on_progress is not None and on_progress(progress):
            stopped = progress.total_step < progress.total_steps
            break
    pixels = np.array(last.pixels)
    if not np.isfinite(pixels).all():  # the losses are those before each step
        raise FloatingPointError(
            "the last step gave NaN: use smaller weights or a smaller learning_rate"
        )
    return Result(
        # A picture stopped at a coarse level is still as large as was asked for.
        image=show(resize(pixels, levels[-1].height, levels[-1].width)),
        history=jax.tree.map(lambda *parts: np.concatenate(parts), *history),
        levels=levels,
        settings=settings,
        stopped=stopped,
    )


def _check_finite(losses: Losses, chunk: Chunk) -> None:
    if not np.isfinite(losses.total).all():
        raise FloatingPointError(
            f"the loss became {losses.total[-1]} by step {chunk.step} of level {chunk.level + 1}: "
            "use smaller weights or a smaller learning_rate"
        )


def _progress(
    chunk: Chunk,
    losses: Losses,
    levels: Sequence[Level],
    show: Callable[[np.ndarray], np.ndarray],
) -> Progress:
    level = levels[chunk.level]
    before = levels[: chunk.level]
    work = sum(each.pixels * each.steps for each in levels)
    done = sum(each.pixels * each.steps for each in before) + level.pixels * chunk.step
    return Progress(
        level=chunk.level + 1,
        levels=len(levels),
        height=level.height,
        width=level.width,
        step=chunk.step,
        steps=level.steps,
        total_step=chunk.total_step,
        total_steps=sum(each.steps for each in levels),
        fraction=done / work,
        losses=losses,
        image=lambda: show(np.array(chunk.pixels)),
    )
