"""What comes out: reports on the way, and the picture at the end."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from nstjax.images import resize
from nstjax.losses import Losses
from nstjax.optimize import Chunk, Level
from nstjax.settings import Settings

SMALLER = "use smaller weights or a smaller learning_rate"
# A loss that ends so many times above where it began has risen: Adam's goes up and down a little.
RISEN = 1.05
MOST_PARTS = 64  # that a history is kept in


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
    # Of tiles and memory, where they are not as usual: lines for a person.
    told: tuple[str, ...] = ()


# What is shown of a picture that is being optimized.
Show = Callable[[np.ndarray], np.ndarray]
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

    def _repr_html_(self) -> str:
        """What Jupyter shows: the picture, its losses, and a line about them."""
        from nstjax.notebook import html  # only notebooks need it

        return html(self.image, self.history, self.levels, self._caption)

    @property
    def _caption(self) -> str:
        height, width = self.image.shape[:2]
        steps, of = len(self.history.total), sum(level.steps for level in self.levels)
        how = f"stopped after {steps} of {of} steps" if self.stopped else f"{steps} steps"
        return f"{width}x{height}, {how}" + (f"; {self.remark}" if self.remark else "")


class Course:
    """What the chunks have come to; of a batch each array has the pictures as an axis behind the steps.

    Args:
        show: makes the pictures that are seen from those being optimized.
        history: each term before each step until now, where there were some.
        past: levels that these were of, with their steps, if those of the chunks do not begin with them.
    """

    def __init__(
        self, show: Show, history: Losses | None = None, past: tuple[Level, ...] = ()
    ) -> None:
        self.show, self.past = show, past
        self._history = [] if history is None else [history]
        self.progress: Progress | None = None  # at the last chunk
        self.last: Chunk | None = None

    def add(self, chunk: Chunk) -> Progress:
        """Takes a chunk that is done; returns how far the work is.

        Raises `FloatingPointError` where no picture's loss is finite.
        """
        losses = jax.tree.map(np.asarray, chunk.reports)
        _check_finite(losses, chunk)
        # Another list, since others may look at this one meanwhile.
        if len(self._history) < MOST_PARTS:
            self._history = [*self._history, losses]
        else:
            self._history = [_joined([*self._history, losses])]
        self.last, self.progress = chunk, _progress(chunk, losses, self.show)
        return self.progress

    def end(self) -> None:
        """No step comes behind those of the last chunk."""
        last = self.last
        if last is not None:
            here = last.levels[last.level]._replace(steps=last.step)
            self.last = last._replace(levels=(*last.levels[: last.level], here))

    @property
    def history(self) -> Losses:
        """Each term before each step: arrays (steps,), or (steps, B)."""
        return _joined(self._history)

    @property
    def levels(self) -> tuple[Level, ...]:
        """The schedule that the history follows, as far as it has come and as it is planned."""
        return self.past if self.last is None else (*self.past, *self.last.levels)


def _joined(parts: Sequence[Losses]) -> Losses:
    if not parts:
        nothing: Any = np.zeros(0, np.float32)
        return Losses(*[nothing] * len(Losses._fields))
    return jax.tree.map(lambda *each: np.concatenate(each), *parts)


def follow(chunks: Iterable[Chunk], course: Course, on_progress: OnProgress | None) -> bool:
    """Runs the chunks to their end or until `on_progress` asks to stop; returns whether it has.

    Raises `FloatingPointError` where no picture's loss is finite.
    """
    for chunk in chunks:
        progress = course.add(chunk)
        if on_progress is not None and on_progress(progress):
            return progress.total_step < progress.total_steps
    return False


def finish(
    pixels: np.ndarray,
    history: Losses,
    levels: tuple[Level, ...],
    finest: Level,
    settings: Settings,
    show: Show,
    *,
    stopped: bool,
) -> Result:
    """The result of one picture's course, from the pixels of its last chunk; as large as `finest`.

    Raises `FloatingPointError` where a loss or a pixel is not finite.
    """
    if not np.isfinite(history.total).all():
        raise FloatingPointError(f"the loss became {history.total[-1]}: {SMALLER}")
    if not np.isfinite(pixels).all():  # the losses are those before each step
        raise FloatingPointError(f"the last step gave NaN: {SMALLER}")
    return Result(
        # A picture stopped at a coarse level is still as large as was asked for.
        image=show(resize(pixels, finest.height, finest.width)),
        history=history,
        levels=levels,
        settings=settings,
        stopped=stopped,
    )


def _check_finite(losses: Losses, chunk: Chunk) -> None:
    # Of a batch the others go on.
    if not np.isfinite(losses.total).all(axis=0).any():
        raise FloatingPointError(
            f"the loss became {np.ravel(losses.total[-1])[0]} by step {chunk.step} of level "
            f"{chunk.level + 1}: {SMALLER}"
        )


def _progress(chunk: Chunk, losses: Losses, show: Show) -> Progress:
    levels, picture = chunk.levels, chunk._replace(point=None)  # whose state is large
    level, before = levels[chunk.level], levels[: chunk.level]
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
        total_steps=chunk.total_step + level.steps - chunk.step + _steps(levels[chunk.level + 1 :]),
        fraction=done / work,
        losses=losses,
        image=lambda: show(picture.image()),
        told=chunk.told,
    )


def _steps(levels: Iterable[Level]) -> int:
    return sum(level.steps for level in levels)
