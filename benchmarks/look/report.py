"""A record of looks as two tables: by program, and pair by pair."""

from collections.abc import Callable, Sequence
from statistics import geometric_mean, mean, median
from typing import NamedTuple

from benchmarks.look.programs import OURS
from benchmarks.report import Table, markdown_table, number

MARGIN = 0.01  # less is no difference
COMPARED = ("self-similarity", "nearest")  # pair by pair


class Column(NamedTuple):
    """One number of each program."""

    title: str
    measure: str
    summarize: Callable[[Sequence[float]], float]


# Distances and ratios differ by factors from pair to pair; ripples may be none.
COLUMNS = (
    Column("self-similarity", "self-similarity", median),
    Column("its least", "self-similarity", min),
    Column("fine edges", "fine edges", median),
    Column("coarse edges", "coarse edges", median),
    Column("nearest", "nearest", geometric_mean),
    Column("style", "style", geometric_mean),
    Column("sliced Wasserstein", "sliced Wasserstein", geometric_mean),
    Column("grain", "grain", geometric_mean),
    Column("ripples", "ripples", mean),
)

Judged = dict[tuple[str, str], dict[str, dict[str, float]]]  # pair, program, measure


def look_report(record: dict) -> str:
    """Both tables in Markdown, each below what it shows."""
    tables = (programs_table(record), pairs_table(record))
    return "\n\n".join(
        f"{table.caption}\n\n{markdown_table(table.lines)}" for table in tables if table.lines
    )


def programs_table(record: dict) -> Table:
    """A line a program, over the pairs that all have painted: others would favor somebody."""
    judged = _shared(_judged(record))
    rows = [row for row in record["rows"] if tuple(row["pair"]) in judged]
    lines = []
    for program in dict.fromkeys(row["program"] for row in rows):
        own = [row for row in rows if row["program"] == program]
        line = {"program": program, "work": number(median(row["work"] for row in own))}
        for column in COLUMNS:
            values = [row["measures"][column.measure] for row in own]
            line[column.title] = number(round(column.summarize(values), 4))
        lines.append(line)
    return Table(
        f"At {record['size']} px, painted with `{record['painter']}` and judged by "
        f"`{record['judge']}`, over {len(judged)} pairs: medians of self-similarity (and its least), "
        "edges and work in steps at full size, geometric means of nearest, style, sliced Wasserstein "
        "and grain, the mean of ripples.",
        lines,
    )


def pairs_table(record: dict) -> Table:
    """A line a pair, with every program's numbers and who dominates ours."""
    judged = _judged(record)
    lines = []
    for pair, programs in judged.items():
        line = {"pair": " + ".join(pair)}
        for name in COMPARED:
            values = {
                f"{name}: {program}": f"{found[name]:.3f}" for program, found in programs.items()
            }
            line |= values
        lines.append({**line, "dominated by": ", ".join(dominators(programs))})
    counted = sum(bool(line["dominated by"]) for line in lines)
    return Table(
        f"Pair by pair. Ours is dominated where a rival is better by more than {MARGIN:g} in both: "
        f"{counted} of {len(lines)}.",
        lines,
    )


def dominators(programs: dict[str, dict[str, float]]) -> list[str]:
    """The rivals that are better than ours in self-similarity (higher) and in nearest (lower)."""
    if OURS not in programs:
        return []
    ours = programs[OURS]
    return [
        program
        for program, found in programs.items()
        if found["self-similarity"] > ours["self-similarity"] + MARGIN
        and found["nearest"] < ours["nearest"] - MARGIN
    ]


def _judged(record: dict) -> Judged:
    judged: Judged = {}
    for row in record["rows"]:
        if "measures" in row:
            judged.setdefault(tuple(row["pair"]), {})[row["program"]] = row["measures"]
    return judged


def _shared(judged: Judged) -> Judged:
    """The pairs of all programs that were judged at all."""
    everyone = {program for programs in judged.values() for program in programs}
    return {pair: programs for pair, programs in judged.items() if programs.keys() == everyone}
