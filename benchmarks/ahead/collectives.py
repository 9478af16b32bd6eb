"""How often the devices of a step exchange something."""

from collections import Counter
from collections.abc import Iterable

from benchmarks.ahead.hlo import Executed

COLLECTIVES = {"all-reduce", "all-gather", "reduce-scatter", "collective-permute", "all-to-all"}


def collective_kind(opcode: str) -> str | None:
    """Which collective an instruction begins; None where it is none, or the end of one."""
    kind = opcode.removesuffix("-start")
    return kind if kind in COLLECTIVES else None


def count_collectives(step: Iterable[Executed]) -> dict[str, int]:
    """How many of each kind a step makes; start and done are one."""
    counts = Counter()
    for each in step:
        if kind := collective_kind(each.instruction.opcode):
            counts[kind] += each.turns
    return dict(sorted(counts.items()))
