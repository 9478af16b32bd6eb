"""A search's record as a table."""

from statistics import geometric_mean

from benchmarks.report import Table, markdown_table

BASELINE = "L-BFGS over pixels"
GOAL_WORK = 55
COMPARED_WORK = (30, 45, 60)

Curve = list[list[float]]  # work and loss


def loss_at(curve: Curve, work: float) -> float | None:
    """The last loss within so much work; none before full size is reached."""
    return next((loss for at, loss in reversed(curve) if at <= work), None)


def work_to(curve: Curve, goal: float) -> float | None:
    """The work after which the loss is at or below the goal."""
    return next((at for at, loss in curve if loss <= goal), None)


def search_table(record: dict) -> Table:
    """A line a candidate, with a number a pair of pictures."""
    baseline = {pair: row["curve"] for pair, row in record["candidates"][BASELINE].items()}
    return Table(
        f"At {record['size']} px with `{record['network']}`, for {'; '.join(baseline)}: the work until "
        f"the loss is what {BASELINE} reaches with {GOAL_WORK} steps' work, and the loss over its "
        "own after the same work (geometric mean over the pairs).",
        [_line(name, rows, baseline) for name, rows in record["candidates"].items()],
    )


def search_report(record: dict) -> str:
    """The table in Markdown, below what it shows."""
    table = search_table(record)
    return f"{table.caption}\n\n{markdown_table(table.lines)}"


def _line(name: str, rows: dict, baseline: dict[str, Curve]) -> dict[str, str]:
    curves = {pair: row["curve"] for pair, row in rows.items()}
    needed = [work_to(curve, _goal(baseline[pair])) for pair, curve in curves.items()]
    relative = {f"loss at {work}": _relative(curves, baseline, work) for work in COMPARED_WORK}
    levels = next(iter(rows.values()))["levels"]
    return {
        "way": name,
        "levels (px x steps)": ", ".join(f"{side} x {steps}" for side, steps in levels),
        "work to the goal": ", ".join("more" if each is None else f"{each:.0f}" for each in needed),
        **relative,
    }


def _goal(curve: Curve) -> float:
    goal = loss_at(curve, GOAL_WORK)
    assert goal is not None, "the baseline's last level begins earlier"
    return goal


def _relative(curves: dict[str, Curve], baseline: dict[str, Curve], work: float) -> str:
    ratios = []
    for pair, curve in curves.items():
        ours, theirs = loss_at(curve, work), loss_at(baseline[pair], work)
        if ours is None or theirs is None:
            return ""
        ratios.append(ours / theirs)
    return f"{geometric_mean(ratios):.3f}"
