"""A compiled program's text, as XLA prints it, taken apart: computations, and their instructions.

    %name = bf16[8,128]{1,0:T(8,128)} fusion(%a, %b), calls=%c, metadata={...}, backend_config={...}

Only what the readers ask for is understood; all else stays text.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

# Opcodes of what only names an array, or a part of it; and of what moves numbers as they are.
NAMES_ONLY = {
    "parameter",
    "constant",
    "tuple",
    "get-tuple-element",
    "bitcast",
    "after-all",
    "add-dependency",
    "opt-barrier",
    "partition-id",
    "replica-id",
}
MOVING = {
    "copy",
    "slice",
    "pad",
    "transpose",
    "reshape",
    "concatenate",
    "reverse",
    "broadcast",
    "dynamic-slice",
    "dynamic-update-slice",
}

BYTES = {"pred": 1, "token": 0, "opaque": 0}  # of a number, where its name does not tell the bits

_ARRAY = re.compile(r"([a-z]\w*)\[([\d,]*)\]")
_NAME = re.compile(r"%([^\s,()]+)")
_COMMENT = re.compile(r"/\*.*?\*/")
_HEADER = re.compile(r"(ENTRY )?%(\S+) \(.*\{$")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%(\S+) = ")
_TRIPS = re.compile(r'"known_trip_count":\{"n":"(\d+)"')
_OP_NAME = re.compile(r'op_name="([^"]*)"')


class Array(NamedTuple):
    """One array's type and extent."""

    kind: str  # bf16, f32, ...
    extent: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """How much memory its numbers take, without what a layout pads."""
        bits = re.search(r"\d+", self.kind)
        each = BYTES[self.kind] if self.kind in BYTES else int(bits.group()) / 8 if bits else 0
        return math.ceil(math.prod(self.extent) * each)

    def __str__(self) -> str:
        return f"{self.kind}[{','.join(map(str, self.extent))}]"


class Instruction(NamedTuple):
    """One line of a computation."""

    name: str
    arrays: tuple[Array, ...]  # its result; several where it is a tuple
    opcode: str
    operands: tuple[str, ...]  # names of instructions of the same computation
    argument: str  # what stands in the parentheses: a constant's value, a parameter's place
    attributes: str
    is_root: bool

    @property
    def bytes(self) -> int:
        """The size of its whole result."""
        return sum(array.bytes for array in self.arrays)

    @property
    def source(self) -> str:
        """The JAX operation that it comes from."""
        found = _OP_NAME.search(self.attributes)
        return found.group(1) if found else ""

    def called(self, attribute: str) -> str | None:
        """The computation that an attribute (`calls`, `body`, `to_apply`) names."""
        found = re.search(rf"\b{attribute}=%([^\s,]+)", self.attributes)
        return found.group(1) if found else None


class Computation(NamedTuple):
    """Instructions by name, in the order in which they stand."""

    name: str
    instructions: dict[str, Instruction]

    @property
    def root(self) -> Instruction:
        """The one whose result is the computation's."""
        return next(each for each in self.instructions.values() if each.is_root)

    @property
    def parameters(self) -> list[Instruction]:
        """In the order of the caller's operands."""
        found = [each for each in self.instructions.values() if each.opcode == "parameter"]
        return sorted(found, key=lambda each: int(each.argument))


class Module(NamedTuple):
    """A whole program."""

    computations: dict[str, Computation]
    entry: Computation


class Executed(NamedTuple):
    """An instruction of a step, and how often a step executes it."""

    instruction: Instruction
    computation: Computation
    turns: int


def parse_module(text: str) -> Module:
    """The program in what `compiled.as_text()` gives."""
    computations: dict[str, Computation] = {}
    entry = current = None
    for line in text.splitlines():
        if header := _HEADER.match(line):
            current = Computation(header.group(2), {})
            computations[current.name] = current
            entry = current if header.group(1) else entry
        elif current and (start := _INSTRUCTION.match(line)):
            instruction = _instruction(start, _COMMENT.sub("", line[start.end() :]))
            current.instructions[instruction.name] = instruction
    if entry is None:
        raise ValueError("the text has no ENTRY: this is no compiled program")
    return Module(computations, entry)


def _instruction(start: re.Match[str], rest: str) -> Instruction:
    shape_end = _balanced(rest, 0, " ")
    opcode, _, _ = rest[shape_end + 1 :].partition("(")
    opening = shape_end + 1 + len(opcode)
    closing = _balanced(rest, opening + 1, ")")
    argument = rest[opening + 1 : closing]
    return Instruction(
        name=start.group(2),
        arrays=arrays_in(rest[:shape_end]),
        opcode=opcode,
        operands=tuple(_NAME.findall(argument)),
        argument=argument,
        attributes=rest[closing + 1 :],
        is_root=bool(start.group(1)),
    )


def arrays_in(text: str) -> tuple[Array, ...]:
    """Every array of a shape, tuples flattened."""
    return tuple(
        Array(kind, tuple(int(each) for each in extent.split(",") if each))
        for kind, extent in _ARRAY.findall(text)
    )


def _balanced(text: str, start: int, end: str) -> int:
    """Where a character first stands outside of every bracket."""
    depth = 0
    for place in range(start, len(text)):
        if depth == 0 and text[place] == end:
            return place
        depth += (text[place] in "([{") - (text[place] in ")]}")
    raise ValueError(f"no {end!r} closes {text[start : start + 80]!r}")


def nearest_source(computation: Computation, instruction: Instruction) -> str:
    """Its JAX operation; of a copy that the compiler added, that of what is copied."""
    while not instruction.source and instruction.operands:
        instruction = computation.instructions[instruction.operands[0]]
    return instruction.source


def trip_count(module: Module, loop: Instruction) -> int | None:
    """How many turns a `while` makes: as the compiler says, or by its condition, `i < constant`."""
    if known := _TRIPS.search(loop.attributes):
        return int(known.group(1))
    condition = module.computations[loop.called("condition") or ""]
    values = [each for each in condition.instructions.values() if each.opcode == "constant"]
    bounds = [int(each.argument) for each in values if re.fullmatch(r"\d+", each.argument)]
    return bounds[0] if len(bounds) == 1 else None


def step_body(module: Module, steps: int) -> Computation:
    """The computation that is one step: the body of the only outermost loop with as many turns."""
    loops = [each for each in module.entry.instructions.values() if each.opcode == "while"]
    found = [each for each in loops if trip_count(module, each) == steps]
    if len(found) != 1:
        turns = [trip_count(module, each) for each in loops]
        raise ValueError(f"no one loop of {steps} steps among the program's loops of {turns} turns")
    return module.computations[found[0].called("body") or ""]


def executed(module: Module, body: Computation, turns: int = 1) -> Iterator[Executed]:
    """All that a computation executes, loops as often as they turn; fusions are single instructions.

    Of a conditional every branch counts. A loop of unknown turns counts once.
    """
    for instruction in body.instructions.values():
        if instruction.opcode == "while":
            inner = module.computations[instruction.called("body") or ""]
            yield from executed(module, inner, turns * (trip_count(module, instruction) or 1))
        elif instruction.opcode in ("call", "async-start"):
            name = instruction.called("to_apply") or instruction.called("calls") or ""
            yield from executed(module, module.computations[name], turns)
        elif instruction.opcode == "conditional":
            for name in _branches(instruction):
                yield from executed(module, module.computations[name], turns)
        elif instruction.opcode not in ("async-update", "async-done"):
            yield Executed(instruction, body, turns)


def _branches(conditional: Instruction) -> list[str]:
    several = re.search(r"branch_computations=\{([^}]*)\}", conditional.attributes)
    if several:
        return _NAME.findall(several.group(1))
    both = [conditional.called(f"{which}_computation") for which in ("true", "false")]
    return [each for each in both if each]


def fused(module: Module, instruction: Instruction) -> Iterator[Instruction]:
    """What an instruction consists of: itself, or all that was fused into it."""
    inner = instruction.called("calls") if instruction.opcode == "fusion" else None
    if inner is None:
        yield instruction
        return
    for each in module.computations[inner].instructions.values():
        yield from fused(module, each)
