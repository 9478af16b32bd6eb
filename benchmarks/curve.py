"""The loss on the way, against steps and time, of either side."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.context import Context
from benchmarks.reference.optimizers import make_step
from benchmarks.reference.side import Reference, to_array
from benchmarks.scene import Scene
from nstjax.result import Progress, Result
from nstjax.session import Session
from nstjax.settings import Settings

# A GPU is asked for the time only so often: asking makes it wait.
STAMP_EVERY = {"cpu": 1, "cuda": 10}
HISTORY = 100  # pairs that L-BFGS remembers: neural-style's and torch's own
REPORT_EVERY = 5  # steps: an accelerator's chunks are else as long as a level


class Curve(NamedTuple):
    """Pictures of full size in a row, the k-th after k steps at that size."""

    losses: list[float]  # of each picture
    seconds: list[float]  # from the start until the picture was there
    work: list[float]  # steps until then, each counted by its pixels over those at full size
    image: np.ndarray  # the last picture (H, W, 3)


def first_at_or_below(losses: Sequence[float], target: float) -> int | None:
    """Index of the first loss that is no more than the target."""
    return next((index for index, loss in enumerate(losses) if loss <= target), None)


class Recorder:
    """A loss that notes each value, and when its picture was there."""

    def __init__(self, side: Reference, scale: float):
        self.side, self.scale = side, scale
        self.every = STAMP_EVERY[side.device.type]
        self.values: list[torch.Tensor] = []
        self.stamps: list[tuple[int, float]] = []  # how many values were there, and when
        self.started = time.perf_counter()

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """The loss times the scale."""
        if len(self.values) % self.every == 0:
            self.stamp()
        value = self.side.loss(pixels)
        self.values.append(value.detach())
        return self.scale * value

    def stamp(self) -> None:
        """Notes the time at which all so far is done."""
        self.side.wait()
        self.stamps.append((len(self.values), time.perf_counter() - self.started))

    def curve(self, pixels: torch.Tensor) -> Curve:
        """What was noted; the time of a picture is that of the next stamp."""
        self.stamp()
        losses = torch.stack(self.values).tolist()
        return Curve(
            losses,
            [next(at for count, at in self.stamps if count >= k) for k in range(len(losses))],
            [float(k) for k in range(len(losses))],
            to_array(pixels.clamp(0, 1)),
        )


def reference_curve(
    side: Reference, scene: Scene, method: str, *, steps: range, goal: float, deadline: float
) -> Curve:
    """PyTorch from the content picture, until the goal, within the range of steps, or the deadline.

    A step is an evaluation here: a line search makes several. The clock starts when targets, network
    and, where it is compiled, the program are ready.
    """
    first, _ = side.loss_and_gradient(scene.content)
    pixels = side.tensor(scene.content)
    # L-BFGS has a first step and squares that depend on the loss's units: near 1e15 it else diverges.
    recorder = Recorder(side, 1 if method == "adam" else 1 / first)
    step = make_step(recorder, pixels, method, adam=side.recipe.adam, history=HISTORY)
    checked, least = 0, math.inf
    # One evaluation more than steps: that of the last picture.
    while len(recorder.values) <= steps.stop and time.monotonic() <= deadline:
        step()
        fresh = recorder.values[checked:]
        if len(fresh) < recorder.every:
            continue
        checked += len(fresh)
        losses = torch.stack(fresh).tolist()
        least = min(least, *filter(math.isfinite, losses), math.inf)
        diverged = not math.isfinite(losses[-1])
        if diverged or (least <= goal and checked > steps.start):
            break
    return recorder.curve(pixels)


def our_curve(context: Context, settings: Settings, goal: float) -> Curve:
    """nstjax, from the first level on, until the last level's steps, the goal, or the deadline.

    Its clock starts with nothing on the device, and includes the targets of every level.
    """
    stamps: list[tuple[int, int, float]] = []  # level, step of the level, seconds

    def on_progress(progress: Progress) -> bool:
        stamps.append((progress.level, progress.step, time.perf_counter() - started))
        reached = progress.level == progress.levels and min(progress.losses.total) <= goal
        return bool(reached) or time.monotonic() > context.deadline

    session = Session(context.content, [context.style], settings, weights=context.weights)
    started = time.perf_counter()
    result = session.run(on_progress, REPORT_EVERY)
    return last_level(result, stamps)


def last_level(result: Result, stamps: Sequence[tuple[int, int, float]]) -> Curve:
    """The curve of the last level, from the times at which its chunks and those before it ended.

    Raises `TimeoutError` where it was stopped before.
    """
    *coarse, level = result.levels
    losses = result.history.total[sum(each.steps for each in coarse) :].tolist()
    if not losses:
        raise TimeoutError("the time limit passed at a coarse level")
    at_last = [(step, at) for index, step, at in stamps if index == len(result.levels)]
    before = [at for index, _, at in stamps if index < len(result.levels)]
    ends = [(0, max(before, default=0.0)), *at_last]
    coarse_work = sum(each.pixels * each.steps for each in coarse) / level.pixels
    return Curve(
        losses,
        [next(at for step, at in ends if step >= index) for index in range(len(losses))],
        [coarse_work + index for index in range(len(losses))],
        result.image,
    )
