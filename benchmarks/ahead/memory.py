"""What each device must hold of a picture: `--memory`, which is asked of large ones."""

from typing import Any

import jax

from benchmarks.ahead.program import Case, layout_of, lower_targets
from benchmarks.ahead.targets import TARGETS
from benchmarks.failure import describe
from benchmarks.ours import program_bytes
from benchmarks.report import markdown_table, sized

NO_ROOM = "does not fit"


def with_memory(row: dict[str, Any], case: Case, devices: list[Any]) -> dict[str, Any]:
    """A row of `compile_case`, and beside it how the picture lies and what its targets take."""
    platform = TARGETS[row["case"]["target"]].platform
    layout = layout_of(case, platform, devices)
    lowered = lower_targets(case, platform, devices)
    try:
        targets = {"peak_memory_bytes": program_bytes(lowered.compile())}
    except jax.errors.JaxRuntimeError as error:
        targets = {"failure": describe(error)}
    return row | {"targets": targets, "layout": layout.described}


def report_memory(rows: list[dict[str, Any]]) -> str:
    """A line a picture."""
    return markdown_table([_line(row) for row in rows])


def _line(row: dict[str, Any]) -> dict[str, str]:
    case, result = row["case"], row.get("result", {})
    memory = TARGETS[case["target"]].memory
    targets = row["targets"].get("peak_memory_bytes")
    fits = targets is not None and targets <= memory
    exchanged = ", ".join(
        f"{count} {name}" for name, count in result.get("collectives", {}).items()
    )
    return {
        "picture": f"{case['width']}x{case['height']}",
        "optimizer": case["optimizer"],
        "devices": f"{case['devices']} {case['target']}",
        "lies in": row["layout"],
        "a step": sized(result.get("peak_memory_bytes")) or row["failure"],
        "the targets": sized(targets) if fits else NO_ROOM,
        "exchanges a step": exchanged or "none",
    }
