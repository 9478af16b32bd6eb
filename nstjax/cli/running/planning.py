"""`--plan`: what the work would take, in lines."""

from collections.abc import Iterable, Iterator

from nstjax.cli.files.inputs import Tools
from nstjax.cli.files.speeds import expected_seconds, kind_of_step
from nstjax.cli.parsing.arguments import Arguments
from nstjax.plan import LevelPlan, Plan

MIB = 2**20


def plan_lines(plan: Plan, arguments: Arguments, tools: Tools) -> Iterator[str]:
    """The plan of one picture, or of a batch, line by line."""
    for place, each in enumerate(plan.levels, start=1):
        yield f"level {place}/{len(plan.levels)}  {_of_level(each)}"
    needed = f"memory  {plan.memory / MIB:.0f} MiB"
    if plan.process:
        needed += f" of the whole process, {plan.process / MIB:.0f} of which it has already"
    free = "nobody tells how much is free"
    if plan.room is not None:
        free = f"{(plan.room + plan.process) / MIB:.0f} MiB are free"
    yield f"{needed}; {free}"
    seconds = expected_seconds(kind_of_step(arguments, tools), plan.levels)
    if seconds is None:
        yield "time    unknown until such a picture was painted here; the bar tells it on the way"
    else:
        yield f"time    about {seconds:.0f} s of steps, as in earlier runs on this machine"


def album_plan_lines(
    batches: Iterable[tuple[int, int, Plan]], arguments: Arguments, tools: Tools
) -> Iterator[str]:
    """The plan of many pictures, one kind of batch after another."""
    for count, pictures, plan in batches:
        yield f"{count} x {pictures} pictures at once:"
        yield from plan_lines(plan, arguments, tools)


def _of_level(plan: LevelPlan) -> str:
    level, layout = plan.level, plan.way.layout
    parts = [
        f"{level.width}x{level.height}",
        f"{level.steps} steps",
        f"{plan.work:.2f} megapixel steps",
        f"{plan.memory / MIB:.0f} MiB",
    ]
    if layout is not None and not layout.is_whole:
        parts.append(layout.described)
    if layout is not None and layout.devices > 1:
        parts.append(f"{layout.devices} devices")
    if plan.way.memory:
        parts.append(plan.way.memory)
    return ", ".join(parts)
