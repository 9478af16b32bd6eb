"""Times measured in turn, so that a busy machine hits all sides alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The middle of repeated measurements, and their ends."""

    median: float
    lowest: float
    highest: float


def seconds(run: Callable[[], object]) -> float:
    """How long a call takes; it must wait for its own work."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def alternate(
    runs: Mapping[str, Callable[[], object]], repeats: int, deadline: float
) -> dict[str, list[float]]:
    """Seconds of each run, in rounds in which each has its turn; at least one round.

    Args:
        runs: what is timed, warmed up before.
        repeats: how many rounds.
        deadline: when, by `time.monotonic()`, no further round begins.
    """
    found: dict[str, list[float]] = {name: [] for name in runs}
    for done in range(repeats):
        if done and time.monotonic() > deadline:
            break
        for name, run in runs.items():
            found[name].append(seconds(run))
    return found


def spread(values: Sequence[float]) -> Spread:
    """Median, least and greatest."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> Spread:
    """Of two sides' seconds, round by round."""
    return spread([above / below for above, below in zip(numerators, denominators, strict=True)])
