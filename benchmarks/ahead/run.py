"""Every case that was asked for, one after the other; the record is saved after each."""

import argparse
import sys
from typing import Any

from benchmarks.ahead.arguments import cases
from benchmarks.ahead.cold import compile_picture
from benchmarks.ahead.compiler import compile_case
from benchmarks.ahead.memory import with_memory
from benchmarks.ahead.program import check_shared
from benchmarks.ahead.report import ahead_report
from benchmarks.ahead.targets import TARGETS, devices_of
from benchmarks.machine import installed_versions
from benchmarks.record import save_record

PACKAGES = ("jax", "jaxlib", "libtpu", "jax-cuda12-plugin", "nvidia-cudnn-cu12")


def run(options: argparse.Namespace) -> None:
    """Compiles, prints the tables, and writes what was asked for.

    Raises `UserError`, before anything is compiled, where that cannot be done.
    """
    asked = cases(options)
    devices = [devices_of(target, case.devices) for target, case in asked]
    for (target, case), places in zip(asked, devices, strict=True):
        check_shared(case, TARGETS[target].platform, places)
    for path in (options.hlo, options.json and options.json.parent):
        if path:
            path.mkdir(parents=True, exist_ok=True)
    kind = "memory" if options.memory else "rows"
    record: dict[str, Any] = {"versions": installed_versions(PACKAGES), kind: []}
    for (target, case), places in zip(asked, devices, strict=True):
        name = f"{target}-{'-'.join(map(str, case))}"
        print(f"compiling {name}", file=sys.stderr, flush=True)
        compiled = compile_case(target, case, places, options.top)
        row = with_memory(compiled.row, case, places) if options.memory else compiled.row
        record[kind].append(row)
        if options.hlo and compiled.text:
            (options.hlo / f"{name}.txt").write_text(compiled.text)
        if options.json:
            save_record(record, options.json)
    if options.cold:
        found = (
            compile_picture(target, case, places)
            for (target, case), places in zip(asked, devices, strict=True)
        )
        record["pictures"] = [row for rows in found for row in rows]
        if options.json:
            save_record(record, options.json)
    print(ahead_report(record))
