"""How do time and memory grow with the picture, and with a batch of pictures?

nstjax alone, by its default optimizer: `step.py` has PyTorch beside it.
"""

import jax
import jax.numpy as jnp

from benchmarks.context import Context
from benchmarks.ours import Ours, chunk_steps, program_bytes
from benchmarks.report import Table, number, sized, with_range
from benchmarks.settings import matched_settings
from benchmarks.timing import alternate, ratios, spread

CPU_SIZES = (256, 512, 1024)
ACCELERATOR_SIZES = (256, 512, 1024, 2048, 4096, 6144, 8192)  # until memory does not suffice
RELATIVE_TO = 512  # px
BATCH_SIZE = 256  # px
BATCHES = (1, 4, 16)
ROUNDS = 5


def cases(context: Context) -> list[dict]:
    """Every size, then the batches, which are timed in turn."""
    sizes = context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)
    return [{"size": size} for size in sizes] + [{"batches": list(BATCHES), "size": BATCH_SIZE}]


def measure(context: Context, case: dict) -> dict:
    """One size, or all batches."""
    if "batches" in case:
        return _measure_batches(context, case["size"], case["batches"])
    return _measure_size(context, case["size"])


def _measure_size(context: Context, size: int) -> dict:
    scene = context.scene(size)
    settings = matched_settings("default")
    ours = Ours(context.weights, settings, scene)
    steps = chunk_steps(scene.level, context.platform)
    runner = ours.start(scene.content, settings.optimizer, steps)
    runner.run()
    (times,) = alternate({"": runner.run}, context.rounds(ROUNDS), context.deadline).values()
    return {
        "pixels": scene.level.pixels,
        "seconds": [value / steps for value in times],
        **ours.facts(),
    }


def _measure_batches(context: Context, size: int, batches: list[int]) -> dict:
    """Loss and gradient of several pictures at once, without an optimizer."""
    ours = Ours(context.weights, matched_settings("default"), context.scene(size))
    programs = {str(count): _batched(ours, count) for count in batches}
    pictures = {name: jnp.zeros((int(name), *ours.shape.shape), jnp.float32) for name in programs}
    runs = {
        name: lambda program=program, pixels=pictures[name]: jax.block_until_ready(
            program(pixels, ours.problem)
        )
        for name, program in programs.items()
    }
    for run in runs.values():
        run()
    times = alternate(runs, context.rounds(ROUNDS), context.deadline)
    return {
        "seconds": {name: [value / int(name) for value in found] for name, found in times.items()},
        "bytes": {name: program_bytes(program) for name, program in programs.items()},
    }


def _batched(ours: Ours, count: int):
    function = jax.value_and_grad(ours.evaluation, has_aux=True)
    shape = jax.ShapeDtypeStruct((count, *ours.shape.shape), ours.shape.dtype)
    return jax.jit(jax.vmap(function, (0, None))).lower(shape, ours.problem).compile()


def tables(rows: list[dict]) -> list[Table]:
    """A line a size, and a line a batch."""
    sizes = [row for row in rows if "batches" not in row["case"]]
    batches = [row for row in rows if "batches" in row["case"]]
    microseconds = {
        row["case"]["size"]: 1e6 * spread(row["result"]["seconds"]).median / row["result"]["pixels"]
        for row in sizes
    }
    return [
        Table(
            f"One step; times a pixel also relative to that at {RELATIVE_TO} px.",
            [_size_line(row, microseconds) for row in sizes],
        ),
        Table(
            "Loss and gradient of a batch; relative to one picture alone, with the lowest and highest "
            "of the rounds.",
            [line for row in batches for line in _batch_lines(row)],
        ),
    ]


def _size_line(row: dict, microseconds: dict[int, float]) -> dict[str, str]:
    size, result = row["case"]["size"], row["result"]
    base = microseconds.get(RELATIVE_TO)
    memory = result["bytes"]
    return {
        "px": str(size),
        "megapixels": number(result["pixels"] / 1e6),
        "s": number(spread(result["seconds"]).median),
        "microseconds a pixel": number(microseconds[size]),
        "relative": number(microseconds[size] / base) if base else "",
        "memory": sized(memory),
        "bytes a pixel": number(memory / result["pixels"]) if memory else "",
    }


def _batch_lines(row: dict) -> list[dict[str, str]]:
    result = row["result"]
    one = result["seconds"]["1"]
    return [
        {
            "px": str(row["case"]["size"]),
            "pictures": name,
            "s a picture": number(spread(found).median),
            "relative": with_range(ratios(found, one)),
            "memory": sized(result["bytes"][name]),
        }
        for name, found in result["seconds"].items()
    ]
