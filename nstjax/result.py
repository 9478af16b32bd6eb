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

SMALLER = "use smaller weights or a smaller learning_rate"
# A loss that ends so many times above where it began has risen: Adam's goes up and down a little.
RISEN = 1.05


class Progress(NamedTuple):
    """How far the work is; of a batch arrays have an axis more, as in `Course`."""

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
    told: tuple[
        str, ...
    ] = ()  # of tiles and memory, where they are not as usual: lines for a person


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

    @property
    def remark(self) -> str:
        """What a person should know of the course, in one line; empty where all is well.

        That is a loss, of any level, that ended above where it began: the steps were too long.
        """
        done = 0
        for number, level in enumerate(self.levels, start=1):
            total = self.history.total[done : done + level.steps]
            done += level.steps
            if len(total) and total[-1] > RISEN * total[0]:
                return (
                    f"the loss rose from {total[0]:.3g} to {total[-1]:.3g} at level {number} of "
                    f"{len(self.levels)}, so the picture may be spoiled: use a smaller learning_rate"
                )
        return ""


class Course(NamedTuple):
    """What the chunks came to; of a batch each array has the pictures as an axis: behind the steps."""

    history: Losses  # arrays (steps,), or (steps, B)
    pixels: np.ndarray  # of the last chunk: (h, w, 3), or (B, h, w, 3)
    stopped: bool


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
    return finish(follow(chunks, levels, on_progress, show), levels, settings, show)


def follow(
    chunks: Iterable[Chunk],
    levels: tuple[Level, ...],
    on_progress: OnProgress | None,
    show: Callable[[np.ndarray], np.ndarray],
) -> Course:
    """Runs the chunks as `collect` does, of a picture or of a batch.

    Raises `FloatingPointError` where no picture's loss is finite.
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
    whole = jax.tree.map(lambda *parts: np.concatenate(parts), *history)
    return Course(whole, last.image(), stopped)


def finish(
    course: Course,
    levels: tuple[Level, ...],
    settings: Settings,
    show: Callable[[np.ndarray], np.ndarray],
) -> Result:
    """The result of one picture's course.

    Raises `FloatingPointError` where a loss or a pixel is not finite.
    """
    if not np.isfinite(course.history.total).all():
        raise FloatingPointError(f"the loss became {course.history.total[-1]}: {SMALLER}")
    if not np.isfinite(course.pixels).all():  # the losses are those before each step
        raise FloatingPointError(f"the last step gave NaN: {SMALLER}")
    return Result(
        # A picture stopped at a coarse level is still as large as was asked for.
        image=show(resize(course.pixels, levels[-1].height, levels[-1].width)),
        history=course.history,
        levels=levels,
        settings=settings,
        stopped=course.stopped,
    )


def _check_finite(losses: Losses, chunk: Chunk) -> None:
    # Of a batch the others go on.
    if not np.isfinite(losses.total).all(axis=0).any():
        raise FloatingPointError(
            f"the loss became {np.ravel(losses.total[-1])[0]} by step {chunk.step} of level "
            f"{chunk.level + 1}: {SMALLER}"
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
        image=lambda: show(chunk.image()),
        told=chunk.told,
    )
