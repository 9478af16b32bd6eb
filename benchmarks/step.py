"""How long does one optimizer step take, beside the same step in PyTorch?

One evaluation of loss and gradient, and what the optimizer does with it, from the content picture.
FLOP/s are the operations counted by hand (`flops.py`) over the time, and are held against the faster of
JAX's and PyTorch's matrix products of the same type; a program that needs fewer operations than plain
convolutions do, by Winograd's method, can come out above them. Memory is XLA's plan for nstjax's
program, and the most that PyTorch's allocator held.
"""

import jax

from benchmarks.contest import PRECISIONS, contest, our_name
from benchmarks.context import Context
from benchmarks.flops import step_flops
from benchmarks.product import measure_product
from benchmarks.report import Table, number, percent, sized, with_range
from benchmarks.settings import matched_settings
from benchmarks.timing import ratios, spread

CPU_SIZES = (256, 512, 1024)
ACCELERATOR_SIZES = (256, 512, 1024, 2048, 4096)
ADAM_SIZE = 512  # Adam is timed at the size nearest to this one alone


def cases(context: Context) -> list[dict]:
    """The matrix products, then every size by L-BFGS, and one by Adam."""
    sizes = context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)
    found: list[dict] = [{"product": precision} for precision in PRECISIONS]
    for recipe in context.recipes or ("default",):
        found += [{"recipe": recipe, "optimizer": "lbfgs", "size": size} for size in sizes]
        adam_size = min(sizes, key=lambda size: abs(size - ADAM_SIZE))
        found.append({"recipe": recipe, "optimizer": "adam", "size": adam_size})
    return found


def measure(context: Context, case: dict) -> dict:
    """One case: a matrix product, or a step by every program."""
    if "product" in case:
        return measure_product(context, case["product"])
    return _measure_step(context, **case)


def _measure_step(context: Context, recipe: str, optimizer: str, size: int) -> dict:
    scene = context.scene(size)
    settings = matched_settings(recipe)
    height, width = scene.level.height, scene.level.width
    return {
        "height": height,
        "width": width,
        "flops": step_flops(context.weights.architecture, settings, height, width),
        "programs": contest(context, recipe, scene, optimizer),
        "jax_peak_bytes": (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use"),
    }


def step_ratio(result: dict, program: str) -> tuple[float, float, float] | None:
    """Its seconds over nstjax's in the same precision: median, lowest, highest of the rounds."""
    theirs = result["programs"].get(program, {})
    ours = result["programs"][our_name(theirs.get("precision", PRECISIONS[0]))]
    if "seconds" not in theirs or "seconds" not in ours:
        return None
    return ratios(theirs["seconds"], ours["seconds"])


def tables(rows: list[dict]) -> list[Table]:
    """Times, operations, and matrix products."""
    products = {row["case"]["product"]: row["result"] for row in rows if "product" in row["case"]}
    steps = [row for row in rows if "product" not in row["case"]]
    fastest = {name: max(found["rates"].values()) for name, found in products.items()}
    return [
        Table(
            "Seconds of one step; the ratio is to nstjax in the same precision, above 1 where nstjax "
            "is faster, with the lowest and highest of the rounds. Loss and gradient differ from "
            "those of nstjax in float32 by the last columns.",
            [
                _step_line(row, name, entry, fastest)
                for row in steps
                for name, entry in row["result"]["programs"].items()
            ],
        ),
        Table("Operations of one step.", [_flops_line(row) for row in steps]),
        Table(
            "Matrix products, TFLOP/s.",
            [
                {
                    "type": precision,
                    "side": str(found["side"]),
                    **{name: number(rate / 1e12) for name, rate in found["rates"].items()},
                }
                for precision, found in products.items()
            ],
        ),
    ]


def _step_line(row: dict, name: str, entry: dict, fastest: dict[str, float]) -> dict[str, str]:
    case, result = row["case"], row["result"]
    line = {
        "recipe": case["recipe"],
        "optimizer": case["optimizer"],
        "px": str(case["size"]),
        "program": name,
    }
    if "failure" in entry:
        return {**line, "s": entry["failure"]}
    rate = result["flops"] / spread(entry["seconds"]).median
    peak = fastest.get(entry["precision"])
    return {
        **line,
        "s": number(spread(entry["seconds"]).median),
        "ratio (lowest, highest)": with_range(step_ratio(result, name)),
        "TFLOP/s": number(rate / 1e12),
        "of a product": percent(rate / peak) if peak else "",
        "memory": sized(entry.get("bytes")),
        "loss differs": f"{entry['differs']['loss']:.0e}",
        "gradient": f"{entry['differs']['gradient']:.0e}",
    }


def _flops_line(row: dict) -> dict[str, str]:
    result = row["result"]
    counted = result["programs"][our_name(PRECISIONS[0])].get("flops_by_xla")
    return {
        "recipe": row["case"]["recipe"],
        "optimizer": row["case"]["optimizer"],
        "picture": f"{result['width']}x{result['height']}",
        "GFLOP by hand": number(result["flops"] / 1e9),
        "GFLOP by XLA": number(counted / 1e9) if counted else "not told",
        "XLA / by hand": number(counted / result["flops"]) if counted else "",
        "JAX's peak so far": sized(result["jax_peak_bytes"]),
    }
