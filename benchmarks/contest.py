"""Several programs for the same step: checked against each other, then timed in turn."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.agreement import DisagreementError, Point, check
from benchmarks.context import Context
from benchmarks.failure import describe
from benchmarks.ours import Ours, chunk_steps
from benchmarks.reference.side import Reference, forget_programs, torch_device
from benchmarks.reference.trims import PLAIN, trims
from benchmarks.scene import Scene
from benchmarks.settings import matched_settings
from benchmarks.side import Runner, Side
from benchmarks.timing import alternate

PRECISIONS = ("float32", "bfloat16")  # the first is what all are compared with

# A GPU's steps grow with L-BFGS's memory of 20 pairs; on a CPU that is lost beside the network.
WARM_UP_STEPS = {"cpu": 2}
FULL_MEMORY_STEPS = 22
ROUNDS = 5


class Contender(NamedTuple):
    """A program by its name, made only when its turn comes."""

    name: str
    precision: str
    make: Callable[[], Side]


PLAIN_REFERENCE = PLAIN.name


def our_name(precision: str) -> str:
    """What nstjax's lines are called."""
    return f"nstjax {precision}"


def contenders(context: Context, recipe: str, scene: Scene) -> list[Contender]:
    """nstjax in each precision, and PyTorch in each trim."""
    device = torch_device(context.platform)
    ours = [
        Contender(
            our_name(precision),
            precision,
            lambda precision=precision: Ours(
                context.weights, matched_settings(recipe, precision), scene
            ),
        )
        for precision in PRECISIONS
    ]
    theirs = [
        Contender(
            trim.name,
            trim.precision,
            lambda trim=trim: Reference(context.weights, recipe, trim, scene, device),
        )
        for trim in trims(device)
    ]
    return ours + theirs


def contest(context: Context, recipe: str, scene: Scene, optimizer: str) -> dict[str, dict]:
    """What was measured of each contender, by its name.

    `seconds` a step, one number a round; `differs` from nstjax in float32, relative; what its
    side knows besides; or `failure`, a line.

    Raises `DisagreementError`, and what the first contender raises: it is what others are held against.
    """
    forget_programs()
    found: dict[str, dict] = {}
    runners: dict[str, Runner] = {}
    truth: Point | None = None
    for contender in contenders(context, recipe, scene):
        found[contender.name] = entry = {"precision": contender.precision}
        try:
            side = contender.make()
            point = Point(*side.loss_and_gradient(scene.probe))
            truth = truth or point
            differs = check(contender.name, contender.precision, point, truth)
            runners[contender.name] = _start(side, context, scene, optimizer)
            entry |= {"differs": differs, **side.facts()}
        except Exception as error:
            if truth is None or isinstance(error, DisagreementError):
                raise
            entry["failure"] = describe(error)
    times = alternate(
        {name: runner.run for name, runner in runners.items()},
        context.rounds(ROUNDS),
        context.deadline,
    )
    for name, values in times.items():
        found[name]["seconds"] = [value / runners[name].steps for value in values]
    return found


def _start(side: Side, context: Context, scene: Scene, optimizer: str) -> Runner:
    """A runner from the content picture, warmed up."""
    runner = side.start(scene.content, optimizer, chunk_steps(scene.level, context.platform))
    steps = WARM_UP_STEPS.get(context.platform, FULL_MEMORY_STEPS)
    for _ in range(-(-steps // runner.steps)):
        runner.run()
    return runner
