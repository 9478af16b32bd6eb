"""Programs that run towards the same losses, one after the other."""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypedDict

import jax
import numpy as np

from benchmarks.contest import PRECISIONS, our_name
from benchmarks.context import Context
from benchmarks.curve import Curve, first_at_or_below, our_curve, reference_curve
from benchmarks.failure import describe
from benchmarks.reference.side import Reference
from benchmarks.reference.trims import BEST, PLAIN
from benchmarks.scene import Scene
from benchmarks.settings import matched_settings
from nstjax.settings import Settings

# PyTorch's. Without a line search, as neural-style calls it, L-BFGS does not converge for every recipe.
METHODS = {"adam": "Adam", "lbfgs": "L-BFGS", "line search": "L-BFGS with line search"}
LBFGS_EVALUATIONS = 100  # after which the loss of that with a line search is a target
CURVE_POINTS = 150  # of a curve that are kept for the plot
NO_GOAL = -float("inf")

# A program takes a loss to stop at, and returns the curve on the way there.
Program = Callable[[float], Curve]


class Target(TypedDict):
    """A loss, and who set it."""

    name: str
    owner: str  # the program
    loss: float


def reference_name(trim: str, method: str) -> str:
    """What PyTorch's lines are called."""
    return f"{trim}, {METHODS[method]}"


PLAIN_ADAM = reference_name(PLAIN.name, "adam")
PLAIN_LINE_SEARCH = reference_name(PLAIN.name, "line search")


def first_run(precision: str) -> str:
    """What nstjax's line is called when nothing was compiled before."""
    return f"{our_name(precision)}, first run"


FIRST_RUNS = {first_run(precision) for precision in PRECISIONS}


def programs(
    context: Context, recipe: str, scene: Scene, plain: Reference, steps: int
) -> dict[str, Program]:
    """PyTorch's, the plain ones first, and then nstjax's; each makes at most `steps` full-size steps.

    On an accelerator also the best that either does in half precision.
    """
    found = _of_reference(context, plain, scene, steps)
    precisions = PRECISIONS[:1] if context.on_cpu else PRECISIONS
    if not context.on_cpu:
        best = Reference(context.weights, recipe, BEST[plain.device.type], scene, plain.device)
        found |= _of_reference(context, best, scene, steps)
    for precision in precisions:
        size = max(scene.content.shape[:2])
        settings = matched_settings(recipe, precision, size=size, steps=steps)
        found[first_run(precision)] = partial(_first_run, context, settings)
        found[our_name(precision)] = partial(our_curve, context, settings)
    return found


def _of_reference(
    context: Context, side: Reference, scene: Scene, steps: int
) -> dict[str, Program]:
    def run(method: str, steps: range, goal: float) -> Curve:
        return reference_curve(
            side, scene, method, steps=steps, goal=goal, deadline=context.deadline
        )

    few = min(LBFGS_EVALUATIONS, steps)
    allowed = {
        "adam": range(steps),
        "lbfgs": range(few),
        "line search": range(few, max(few + 1, steps)),
    }
    return {
        reference_name(side.trim.name, method): partial(run, method, allowed[method])
        for method in METHODS
    }


def _first_run(context: Context, settings: Settings, goal: float) -> Curve:
    """With nothing compiled yet."""
    jax.clear_caches()
    return our_curve(context, settings, goal)


def race(
    entrants: Mapping[str, Program],
    adam_steps: Iterable[int],
    rounds: int,
    judge: Callable[[np.ndarray], float],
) -> dict:
    """Rounds in which each program runs until it has reached every target.

    Args:
        entrants: what `programs` returns.
        adam_steps: after how many steps of the plain Adam its loss is a target.
        rounds: how many; the targets are those of the first.
        judge: the loss of a picture `(H, W, 3)`.

    Returns: `targets`, and of each of the `programs` where it `reached` them, its `curve` and
    `last_loss`; or its `failure`, a line.
    """
    targets: list[Target] = []
    curves: dict[str, list[Curve]] = {}
    failures: dict[str, str] = {}
    for done in range(rounds):
        for name, program in entrants.items():
            if name in failures or (done and name in FIRST_RUNS):
                continue
            # Adam sets targets, so it runs to its end.
            known = [] if name == PLAIN_ADAM else [target["loss"] for target in targets]
            try:
                curve = program(min(known, default=NO_GOAL))
            except Exception as error:
                if name == PLAIN_ADAM:
                    raise  # there is nothing to run for
                failures[name] = describe(error)
                continue
            curves.setdefault(name, []).append(curve)
            if not done:
                targets += _set_targets(name, curve, adam_steps)
    return {
        "targets": targets,
        "programs": {
            name: {"failure": failures[name]}
            if name in failures
            else {
                "reached": _reached(curves[name], targets),
                "curve": _thinned(curves[name][0]),
                **_judged(judge(curves[name][0].image)),
            }
            for name in entrants
        },
    }


def _set_targets(name: str, curve: Curve, adam_steps: Iterable[int]) -> list[Target]:
    """The least loss within so many evaluations, where the curve is as long."""
    setters = {
        PLAIN_ADAM: ("Adam", tuple(adam_steps)),
        PLAIN_LINE_SEARCH: ("L-BFGS", (LBFGS_EVALUATIONS,)),
    }
    method, counts = setters.get(name, ("", ()))
    return [
        {
            "name": f"{method} after {count}",
            "owner": name,
            "loss": float(np.nanmin(curve.losses[: count + 1])),
        }
        for count in counts
        if count < len(curve.losses)
    ]


def _reached(curves: list[Curve], targets: list[Target]) -> dict[str, list[dict]]:
    """By the target's name, a picture for each round; nothing where one did not get there."""
    found = {}
    for target in targets:
        places = [(curve, first_at_or_below(curve.losses, target["loss"])) for curve in curves]
        steps = [
            {"steps": at, "work": curve.work[at], "seconds": curve.seconds[at]}
            for curve, at in places
            if at is not None
        ]
        if len(steps) == len(curves):
            found[target["name"]] = steps
    return found


def _judged(loss: float) -> dict[str, float]:
    """`last_loss`, unless the picture is lost."""
    return {"last_loss": loss} if math.isfinite(loss) else {}


def _thinned(curve: Curve) -> dict[str, list]:
    """Some of its points, closer together at the beginning; JSON has no infinity."""
    places = np.geomspace(1, len(curve.losses), CURVE_POINTS).round().astype(int) - 1
    kept = sorted({int(place) for place in places if math.isfinite(curve.losses[place])})
    return {
        "steps": kept,
        "work": [curve.work[at] for at in kept],
        "loss": [curve.losses[at] for at in kept],
        "seconds": [curve.seconds[at] for at in kept],
    }
