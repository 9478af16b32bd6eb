"""What a program compiled for a TPU says of a step: cycles, estimated by the compiler.

Every instruction that computes or moves carries `estimated_cycles`, of one device. They are summed over
the step's body, and over loops within as often as these turn. 2^63 - 1 stands for no estimate.
Copies between the chip's own memory and the large one that run beside the computation
(`copy-start`, `slice-start`) have none, and are given in bytes.

Kinds, by what an instruction or anything fused into it does:

    convolution      it convolves, whatever else it does (bias, ReLU, a pad or slice fused into it)
    matrix product   a `dot_general`, which the compiler also writes as a convolution
    data movement    only copies, slices, pads, transposes, reshapes, concatenations: no arithmetic
    collective       exchange with other devices
    other            all else: one that converts or masks on its way is of this kind and not movement
"""

import math
import re
from typing import NamedTuple

from benchmarks.ahead.collectives import collective_kind
from benchmarks.ahead.hlo import (
    MOVING,
    NAMES_ONLY,
    Executed,
    Instruction,
    Module,
    fused,
    nearest_source,
)

NO_ESTIMATE = 2**63 - 1
REGISTER = 8 * 128  # numbers; what has no more is done in a moment
CONVOLUTION, PRODUCT, MOVEMENT = "convolution", "matrix product", "data movement"
COLLECTIVE, OTHER = "collective", "other"
KINDS = (CONVOLUTION, PRODUCT, MOVEMENT, COLLECTIVE, OTHER)

_MOVING = MOVING | {"copy-start", "slice-start", "gather"}
# What takes no work of its own, and tells nothing about the kind of a fusion.
_FREE = NAMES_ONLY | {"iota", "copy-done", "slice-done"}
_CYCLES = re.compile(r'"estimated_cycles":"(\d+)"')


class Cost(NamedTuple):
    """One instruction of a step."""

    name: str
    kind: str
    estimated_cycles: int | None  # of all turns; None: no estimate
    turns: int
    bytes: int  # of its results, of all turns
    shapes: str  # of its results
    source: str  # the JAX operation


class TpuStep(NamedTuple):
    """A step in the compiler's estimate."""

    costs: list[Cost]
    asynchronous_bytes: int  # copied beside the computation

    @property
    def cycles(self) -> int:
        """The sum of what is estimated."""
        return sum(cost.estimated_cycles or 0 for cost in self.costs)

    @property
    def by_kind(self) -> dict[str, int]:
        """That by kind."""
        sums: dict[str, int] = dict.fromkeys(KINDS, 0)
        for cost in self.costs:
            sums[cost.kind] += cost.estimated_cycles or 0
        return sums

    @property
    def without_estimate(self) -> list[Cost]:
        """Instructions, none of them an exchange, that do work whose cycles are unknown."""
        return [
            cost for cost in self.costs if cost.estimated_cycles is None and cost.kind != COLLECTIVE
        ]


def read_tpu_step(module: Module, step: list[Executed]) -> TpuStep:
    """The costs of a step, in the order of the program."""
    costs = [_cost(module, each) for each in step if _works(each.instruction)]
    asynchronous = sum(
        each.instruction.bytes * each.turns
        for each in step
        if each.instruction.opcode in ("copy-done", "slice-done")
    )
    return TpuStep(costs, asynchronous)


def _works(instruction: Instruction) -> bool:
    """Whether it costs something: else it is free, the end of another, tiny, or runs beside."""
    if instruction.opcode in _FREE or instruction.opcode.endswith(("-start", "-done")):
        return collective_kind(instruction.opcode) is not None
    if 'custom_call_target="ConcatBitcast"' in instruction.attributes:
        return False
    numbers = sum(math.prod(array.extent) for array in instruction.arrays)
    return estimated_cycles(instruction) is not None or numbers > REGISTER


def estimated_cycles(instruction: Instruction) -> int | None:
    """What the compiler estimates for it, if it does."""
    found = _CYCLES.search(instruction.attributes)
    cycles = int(found.group(1)) if found else NO_ESTIMATE
    return None if cycles == NO_ESTIMATE else cycles


def _cost(module: Module, each: Executed) -> Cost:
    cycles = estimated_cycles(each.instruction)
    return Cost(
        each.instruction.name,
        kind_of(module, each.instruction),
        None if cycles is None else cycles * each.turns,
        each.turns,
        each.instruction.bytes * each.turns,
        " ".join(map(str, each.instruction.arrays)),
        nearest_source(each.computation, each.instruction),
    )


def kind_of(module: Module, instruction: Instruction) -> str:
    """One of `KINDS`."""
    if collective_kind(instruction.opcode):
        return COLLECTIVE
    parts = list(fused(module, instruction))
    multiplying = [each for each in parts if each.opcode in ("convolution", "dot")]
    if multiplying:
        sources = [each.source or instruction.source for each in multiplying]
        convolves = any("dot_general" not in source for source in sources)
        return CONVOLUTION if convolves else PRODUCT
    doing = {each.opcode for each in parts} - _FREE
    return MOVEMENT if doing <= _MOVING else OTHER
