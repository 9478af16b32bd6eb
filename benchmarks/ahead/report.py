"""The record in Markdown: a table a platform, and the costliest instructions if asked for."""

from typing import Any

from benchmarks.ahead.cold import report_pictures
from benchmarks.ahead.memory import report_memory
from benchmarks.ahead.targets import TARGETS
from benchmarks.report import markdown_table, number, sized

ESTIMATED = "estimated by the compiler"
CAPTIONS = {
    "tpu": f"TPU: cycles of a step on each device, in millions, {ESTIMATED}. Needed: its "
    "multiplications alone, at the device's peak. Instructions without an estimate are not in the sum.",
    "gpu": "GPU: what each device's kernels of a step read and write, in GB, counted in the compiled "
    "program. Needed: see `needs.py`. Multiplications and additions in TFLOP.",
}


def ahead_report(record: dict[str, Any]) -> str:
    """A whole record, and before it which compilers made the programs."""
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    parts = [f"Compiled with {versions}."]
    parts.append(report_memory(record["memory"]) if "memory" in record else report(record["rows"]))
    if "pictures" in record:
        parts.append(report_pictures(record["pictures"]))
    return "\n\n".join(parts)


def report(rows: list[dict[str, Any]]) -> str:
    """All rows, those of a platform under each other."""
    parts = []
    for platform, caption in CAPTIONS.items():
        chosen = [row for row in rows if TARGETS[row["case"]["target"]].platform == platform]
        if chosen:
            parts += [caption, markdown_table([line(row) for row in chosen])]
        for row in chosen:
            if "result" in row and row["result"]["costliest"]:
                parts += [_heading(row), markdown_table(costliest(row["result"], platform))]
    return "\n\n".join(parts)


def line(row: dict[str, Any]) -> dict[str, str]:
    """A row of a platform's table."""
    case = row["case"]
    cells = {
        "target": case["target"],
        "network": case["model"],
        "preset": case["preset"],
        "optimizer": case["optimizer"],
        "size": f"{case['width']}x{case['height']}",
        "devices": str(case["devices"]),
    }
    if case.get("tile"):  # older records have none
        cells["tile"] = str(case["tile"])
    if "result" not in row:
        return cells | {"failure": row["failure"] if row["fits"] else "does not fit"}
    result = row["result"]
    is_tpu = TARGETS[case["target"]].platform == "tpu"
    cells |= _cycles(result) if is_tpu else _kernels(result)
    return cells | {
        "collectives": _counts(result["collectives"]),
        "peak memory": sized(result["peak_memory_bytes"]),
        "compiled in": f"{result['compiled_in_seconds']:.0f} s",
    }


def _cycles(result: dict[str, Any]) -> dict[str, str]:
    estimate = result["estimated_by_the_compiler"]
    needed = result["needed_cycles"]
    return {
        f"cycles, {ESTIMATED}": _millions(estimate["cycles"]),
        **{f"{kind}, {ESTIMATED}": _millions(n) for kind, n in estimate["cycles_by_kind"].items()},
        "needed": "" if needed is None else _millions(needed),
        "without estimate": _unknown(result["without_estimate"]),
        "copied beside": sized(result["asynchronous_bytes"]),
    }


def _unknown(costs: list[dict[str, Any]]) -> str:
    """How many instructions, and how much they write."""
    return f"{len(costs)} of {sized(sum(cost['bytes'] for cost in costs))}" if costs else "0"


def _kernels(result: dict[str, Any]) -> dict[str, str]:
    return {
        "bytes": _billions(result["bytes"]),
        **{kind: _billions(bytes) for kind, bytes in result["bytes_by_kind"].items()},
        "needed": _billions(result["needed_bytes"]),
        "kernels": str(result["kernels"]),
        "activation_mode forward": _counts(result["activation_modes_forward"]),
        "backward": _counts(result["activation_modes_backward"]),
        "multiplications needed": number(result["needed_flops"] / 1e12),
    }


def costliest(result: dict[str, Any], platform: str) -> list[dict[str, str]]:
    """A table of single instructions."""
    if platform == "tpu":
        measures = {f"cycles, {ESTIMATED}": lambda each: _millions(each["estimated_cycles"] or 0)}
    else:
        measures = {
            "read": lambda each: _billions(each["read"]),
            "written": lambda each: _billions(each["written"]),
        }
    return [
        {
            "instruction": each["name"],
            "kind": each["kind"],
            **{name: measure(each) for name, measure in measures.items()},
            "turns": str(each["turns"]),
            "results": each["shapes"],
            "source": short_source(each["source"]),
        }
        for each in result["costliest"]
    ]


def short_source(source: str) -> str:
    """The JAX operation without the path that all of a step have in common."""
    return source.rpartition("while/body/closed_call/")[2] or source


def _heading(row: dict[str, Any]) -> str:
    case = row["case"]
    names = ("target", "model", "preset", "optimizer", "width", "height", "devices", "tile")
    known = [f"{name} {case[name]}" for name in names if case.get(name)]
    return f"The costliest of {', '.join(known)}:"


def _millions(cycles: float) -> str:
    return f"{cycles / 1e6:.2f}"


def _billions(bytes: float) -> str:
    return f"{bytes / 1e9:.3f}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "0"
