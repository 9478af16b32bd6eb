"""How long everything takes to compile that a picture needs, with nothing compiled before."""

import time
from collections.abc import Callable
from typing import Any

import jax

from benchmarks.ahead.program import Case, levels_of, lower_step, lower_targets
from benchmarks.ahead.targets import TARGETS
from benchmarks.report import markdown_table

PROGRAMS: dict[str, Callable] = {"targets": lower_targets, "step": lower_step}


def compile_picture(target: str, case: Case, devices: list[Any]) -> list[dict[str, Any]]:
    """Seconds on this machine of both programs of every level, coarse to fine."""
    jax.clear_caches()  # the case itself may have been compiled before
    rows = []
    for level in levels_of(case):
        seconds = {}
        for name, lower in PROGRAMS.items():
            lowered = lower(level, TARGETS[target].platform, devices)
            begin = time.perf_counter()
            lowered.compile()
            seconds[name] = time.perf_counter() - begin
        rows.append({"target": target, "case": level._asdict(), "seconds": seconds})
    return rows


def report_pictures(rows: list[dict[str, Any]]) -> str:
    """A line a level."""
    lines = [
        {
            "target": row["target"],
            "preset": row["case"]["preset"],
            "optimizer": row["case"]["optimizer"],
            "level": f"{row['case']['width']}x{row['case']['height']}",
            **{f"{name}, s": f"{value:.0f}" for name, value in row["seconds"].items()},
        }
        for row in rows
    ]
    total = sum(sum(row["seconds"].values()) for row in rows)
    return f"{markdown_table(lines)}\n\nIn all {total:.0f} s, one after the other on this machine."
