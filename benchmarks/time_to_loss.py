"""How long does it take to reach a loss that PyTorch's optimizers reach?

Each recipe's loss, PyTorch from the content picture and nstjax from where it starts by default. The
targets are the losses of eager float32 PyTorch after so many steps of its Adam, and after 100
evaluations of its L-BFGS with a line search, at one level. Its L-BFGS without one, as neural-style
calls it, gets 100 evaluations too. Both minimize the loss over its first value, for at 1e15, where the
tutorial's begins with Caffe's weights, they diverge.

nstjax minimizes the same loss as it does by default: coarse to fine, by its own L-BFGS. A target is
reached by the first picture of full size whose loss is at or below it; the time is that of the step that
made the picture. Work is the sum over steps of the step's pixels over those at full size, so that a
PyTorch step counts 1.

nstjax's clock includes the features of content and style at every level; PyTorch's starts when its own
are there. nstjax's first run compiles; later ones, in the same process, compile nothing.
"""

from benchmarks.agreement import Point, check
from benchmarks.context import Context
from benchmarks.ours import Ours
from benchmarks.program_cache import fresh_cache
from benchmarks.race import Target, programs, race
from benchmarks.reference.recipes import RECIPES
from benchmarks.reference.side import Reference, forget_programs, torch_device
from benchmarks.reference.trims import PLAIN
from benchmarks.report import Table, number, with_range
from benchmarks.settings import matched_settings
from benchmarks.timing import ratios, spread

CPU_SIZES = (256, 512)
ACCELERATOR_SIZES = (512,)
CPU_ADAM_STEPS = {256: (300, 1000)}  # 300 steps at 512 px take eight minutes on two cores
FEW_ADAM_STEPS = (300,)
ACCELERATOR_ADAM_STEPS = (300, 6000)
CPU_ROUNDS = 1
ACCELERATOR_ROUNDS = 3


def cases(context: Context) -> list[dict]:
    """Every recipe at every size."""
    return [
        {"recipe": recipe, "size": size}
        for size in context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)
        for recipe in context.recipes or RECIPES
    ]


def measure(context: Context, case: dict) -> dict:
    """The targets, when each program reached them in each round, and curves for a plot."""
    recipe, scene = case["recipe"], context.scene(case["size"])
    forget_programs()
    ours = Ours(context.weights, matched_settings(recipe), scene)
    plain = Reference(context.weights, recipe, PLAIN, scene, torch_device(context.platform))
    truth, theirs = (Point(*side.loss_and_gradient(scene.probe)) for side in (ours, plain))
    differs = check(PLAIN.name, PLAIN.precision, theirs, truth)
    counts = _adam_steps(context, case["size"])
    rounds = context.rounds(CPU_ROUNDS if context.on_cpu else ACCELERATOR_ROUNDS)
    entrants = programs(context, recipe, scene, plain, max(counts))
    with fresh_cache():  # as the command line has one
        found = race(entrants, counts, rounds, lambda image: ours.loss_and_gradient(image)[0])
    return {"differs": differs, **found}


def _adam_steps(context: Context, size: int) -> tuple[int, ...]:
    if context.adam_steps:
        return context.adam_steps
    return CPU_ADAM_STEPS.get(size, FEW_ADAM_STEPS) if context.on_cpu else ACCELERATOR_ADAM_STEPS


def time_ratio(result: dict, target: Target, program: str) -> tuple[float, float, float] | None:
    """The seconds of the program that set the target over those of another: median, ends.

    None where it did not get there.
    """
    own, found = (
        result["programs"].get(name, {}).get("reached", {}).get(target["name"])
        for name in (target["owner"], program)
    )
    if not own or not found:
        return None
    seconds = [step["seconds"] for step in found]
    return ratios([step["seconds"] for step in own][: len(seconds)], seconds)


def tables(rows: list[dict]) -> list[Table]:
    """A line a target and program, and what became of every program's picture."""
    return [
        Table(
            "Full-size steps, work and seconds until the loss; the ratio is of the seconds of the "
            "program that set it to these. With more than one round: medians, lowest and highest.",
            [
                _line(row, target, program)
                for row in rows
                for target in row["result"]["targets"]
                for program in row["result"]["programs"]
            ],
        ),
        Table(
            "The last picture of each program, by nstjax in float32.",
            [
                {
                    "recipe": row["case"]["recipe"],
                    "px": str(row["case"]["size"]),
                    "program": program,
                    "steps": str(entry["curve"]["steps"][-1]),
                    "loss": number(entry["last_loss"]),
                }
                for row in rows
                for program, entry in row["result"]["programs"].items()
                if "last_loss" in entry
            ],
        ),
    ]


def _line(row: dict, target: Target, program: str) -> dict[str, str]:
    case, result = row["case"], row["result"]
    entry = result["programs"][program]
    line = {
        "recipe": case["recipe"],
        "px": str(case["size"]),
        "loss of": target["name"],
        "loss": number(target["loss"]),
        "program": program,
    }
    if "failure" in entry:
        return {**line, "steps": entry["failure"]}
    found = entry["reached"].get(target["name"])
    if not found:
        return {**line, "steps": "not reached"}
    return {
        **line,
        "steps": str(found[0]["steps"]),
        "work": number(found[0]["work"]),
        "s": number(spread([step["seconds"] for step in found]).median),
        "ratio": with_range(time_ratio(result, target, program)),
    }
