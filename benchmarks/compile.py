"""How long does each level's compiling take, with a warm cache, and is it hidden behind running?

Of the default schedule: lowering (from Python to StableHLO), compiling with an empty persistent cache,
and the same again with the cache that this filled. Then a whole picture without any cache, each level
compiled while the one before it runs, as the loop does, or in turn.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest import mock

import jax

from benchmarks.context import Context
from benchmarks.ours import chunk_steps, lower_default_steps
from benchmarks.program_cache import fresh_cache
from benchmarks.report import Table, number, with_range
from benchmarks.settings import matched_settings
from benchmarks.timing import ratios, seconds, spread
from nstjax.optimize import Level, programs
from nstjax.prepare import Transfer, prepare
from nstjax.problem.evaluation import loss_weights, make_evaluation
from nstjax.problem.pending import pending_problem
from nstjax.problem.pictures import pictures_at
from nstjax.problem.regions import whole_picture
from nstjax.session import Session
from nstjax.settings import Settings

CPU_SIZES = (512,)
ACCELERATOR_SIZES = (512, 1024)
PICTURE_ROUNDS = 2
CPU_ROUNDS = 3
ACCELERATOR_ROUNDS = 1  # where compiling takes much longer

Lower = Callable[[], jax.stages.Lowered]


def cases(context: Context) -> list[dict]:
    """Every size."""
    return [{"size": size} for size in context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)]


def measure(context: Context, case: dict) -> dict:
    """Every program of every level."""
    settings = matched_settings("default", size=case["size"])
    transfer = prepare(context.content, [context.style], settings, weights=context.weights)
    return {
        "picture": _measure_picture(transfer, context),
        "levels": [
            {
                "height": level.height,
                "width": level.width,
                "program": program,
                "seconds": _measure_program(lower, context),
            }
            for level, program, lower in _programs(context, settings, transfer.levels)
        ],
    }


def _measure_program(lower: Lower, context: Context) -> dict[str, list[float]]:
    """Seconds of lowering and compiling, a number a repeat."""
    found: dict[str, list[float]] = {"lowering": [], "cold": [], "warm": []}
    for _ in range(context.rounds(CPU_ROUNDS if context.on_cpu else ACCELERATOR_ROUNDS)):
        with fresh_cache():
            lowering, cold = _lower_and_compile(lower)
            _, warm = _lower_and_compile(lower)
        for name, value in (("lowering", lowering), ("cold", cold), ("warm", warm)):
            found[name].append(value)
    return found


def _lower_and_compile(lower: Lower) -> tuple[float, float]:
    """Seconds of each, with nothing left in memory from before."""
    jax.clear_caches()
    found = []
    lowering = seconds(lambda: found.append(lower()))
    return lowering, seconds(found[0].compile)


class InTurn:
    """In place of a thread: does nothing ahead, so that who asks for a result waits for all of it."""

    def __init__(self, *_: object):
        pass

    def submit(self, function: Callable[[], object]) -> SimpleNamespace:
        """What computes its result when it is asked for."""
        return SimpleNamespace(result=function)

    def shutdown(self, **_: object) -> None:
        """Nothing runs."""


def _measure_picture(transfer: Transfer, context: Context) -> dict[str, list[float]]:
    """Seconds of the whole picture with nothing compiled before, in both ways; each begins in turn."""
    ways = [("in turn", InTurn), ("ahead", ThreadPoolExecutor)]
    found: dict[str, list[float]] = {name: [] for name, _ in ways}
    for _ in range(context.rounds(PICTURE_ROUNDS)):
        for name, executor in ways:
            jax.clear_caches()
            with mock.patch.object(programs, "ThreadPoolExecutor", executor):
                found[name].append(seconds(Session.of(transfer).run))
        ways.reverse()
    return found


def _programs(context: Context, settings: Settings, levels: Sequence[Level]) -> Iterator:
    """Level, name and lowering of every program; what it is lowered from is there already."""
    evaluation, network = make_evaluation(context.weights, settings)
    weights = loss_weights(settings)
    for level in levels:
        pictures = pictures_at(
            level, levels[-1], context.content, [context.style], whole_picture(1), settings
        )
        layout = evaluation.layout(level.height, level.width)
        trace = functools.partial(pending_problem, evaluation, network, weights, pictures, layout)
        yield level, "targets", lambda trace=trace: trace().targets
        steps = chunk_steps(level, context.platform)
        yield (
            level,
            "step",
            functools.partial(
                lower_default_steps, evaluation, trace().shapes, level, settings.optimizer, steps
            ),
        )


def tables(rows: list[dict]) -> list[Table]:
    """A line a program, and a line a picture."""
    return [
        Table(
            "Seconds of a picture without a cache; the ratio is above 1 where ahead is faster.",
            [
                {
                    "px": str(row["case"]["size"]),
                    **{name: number(spread(values).median) for name, values in found.items()},
                    "ratio (lowest, highest)": with_range(ratios(found["in turn"], found["ahead"])),
                }
                for row in rows
                for found in [row["result"]["picture"]]
            ],
        ),
        Table(
            "Seconds, medians of the repeats.",
            [
                {
                    "px": str(row["case"]["size"]),
                    "level": f"{entry['width']}x{entry['height']}",
                    "program": entry["program"],
                    **{
                        name: number(spread(values).median)
                        for name, values in entry["seconds"].items()
                    },
                }
                for row in rows
                for entry in row["result"]["levels"]
            ],
        ),
    ]
