"""What a program compiled for a graphics card says of a step: its kernels, and the bytes they move.

Every instruction of the step's body that is no mere name of an array (tuple, bitcast, parameter) is a
kernel, or a call of a library's; in loops within as often as these turn. Start and done are one.

A kernel reads each array that it is given once, however often it looks at it and under how many
shapes, and writes each of its results once:

    an array of which a fusion only takes slices     counts as those slices, at most as all of it
    a fusion that updates a slice in place           reads and writes the slice
    what a library may need to work in               is not counted

So these are bytes as if caches kept nothing from one kernel to the next, and everything within one.
"""

import re
from typing import NamedTuple

from benchmarks.ahead.collectives import collective_kind
from benchmarks.ahead.hlo import Array, Computation, Executed, Instruction, Module, fused

CONVOLUTION, PRODUCT, RELU, POOL, MASK = "convolution", "product", "ReLU", "pool", "masking"
LOSS, OPTIMIZER, MOVEMENT, COLLECTIVE = "losses", "optimizing", "data movement", "collective"
LEAST_CHANNELS = 64  # of a feature map
KINDS = (CONVOLUTION, PRODUCT, RELU, POOL, MASK, LOSS, OPTIMIZER, MOVEMENT, COLLECTIVE)

_NAMES_ONLY = {
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"),
    *("partition-id", "replica-id", "opt-barrier", "add-dependency"),
}
_MOVING = {
    *("copy", "transpose", "reshape", "concatenate", "slice", "pad", "broadcast", "reverse"),
    *("dynamic-slice", "dynamic-update-slice"),
}
_SLICING = {"slice", "dynamic-slice", "gather"}
_ACTIVATION = re.compile(r'"activation_mode":"(\w+)"')
_STRIDED = re.compile(r"slice=\{[^}]*:\d+:[2-9]")
_SPREAD = re.compile(r"padding=\S*\d+_\d+_[1-9]")  # zeros between the numbers


class Kernel(NamedTuple):
    """One kernel of a step."""

    name: str
    kind: str
    read: int  # bytes, of all turns
    written: int
    turns: int
    activation: str | None  # of a convolution: kNone, kRelu, ...
    is_backward: bool
    shapes: str  # of its results
    source: str  # the JAX operation

    @property
    def bytes(self) -> int:
        """Read and written."""
        return self.read + self.written


class GpuStep(NamedTuple):
    """A step as the compiler wrote it."""

    kernels: list[Kernel]

    @property
    def launches(self) -> int:
        """How many kernels a step starts."""
        return sum(kernel.turns for kernel in self.kernels)

    @property
    def bytes(self) -> int:
        """Read and written in all."""
        return sum(kernel.bytes for kernel in self.kernels)

    @property
    def by_kind(self) -> dict[str, int]:
        """That by kind."""
        sums: dict[str, int] = dict.fromkeys(KINDS, 0)
        for kernel in self.kernels:
            sums[kernel.kind] += kernel.bytes
        return sums

    def activations(self, *, backward: bool) -> list[str]:
        """`activation_mode` of the convolutions forward or backward, in their order."""
        found = [each for each in self.kernels if each.kind == CONVOLUTION]
        return [each.activation or "none" for each in found if each.is_backward == backward]


def read_gpu_step(module: Module, step: list[Executed]) -> GpuStep:
    """The kernels of a step, in the order of the program."""
    return GpuStep([_kernel(module, each) for each in step if _is_kernel(each.instruction)])


def _is_kernel(instruction: Instruction) -> bool:
    return instruction.opcode not in _NAMES_ONLY and not instruction.opcode.endswith("-done")


def _kernel(module: Module, each: Executed) -> Kernel:
    instruction = each.instruction
    activation = _ACTIVATION.search(instruction.attributes)
    return Kernel(
        name=instruction.name,
        kind=kind_of(module, instruction),
        read=bytes_read(module, each) * each.turns,
        written=bytes_written(module, instruction) * each.turns,
        turns=each.turns,
        activation=activation.group(1) if activation else None,
        is_backward="transpose(" in instruction.source,
        shapes=" ".join(map(str, instruction.arrays)),
        source=instruction.source,
    )


def bytes_read(module: Module, each: Executed) -> int:
    """What one turn of a kernel reads: every array once."""
    instruction, known = each.instruction, each.computation.instructions
    inner = module.computations.get(instruction.called("calls") or "")
    needed: dict[str, int] = {}
    for place, name in enumerate(instruction.operands):
        origin = _origin(each.computation, name)
        whole = known[name].bytes
        bytes = whole if inner is None else min(whole, _read_inside(inner, inner.parameters[place]))
        if inner is None and instruction.opcode in _SLICING:
            bytes = instruction.bytes if place == 0 else bytes
        needed[origin] = max(needed.get(origin, 0), bytes)
    return sum(needed.values())


def _origin(computation: Computation, name: str) -> str:
    """The array that a name stands for, whatever shape the name gives it."""
    while (found := computation.instructions[name]).opcode == "bitcast":
        name = found.operands[0]
    return name


def _users(computation: Computation, name: str) -> list[Instruction]:
    """Who reads an array, under any shape."""
    users = []
    for each in computation.instructions.values():
        if name in each.operands:
            users += _users(computation, each.name) if each.opcode == "bitcast" else [each]
    return users


def _read_inside(fusion: Computation, parameter: Instruction) -> int:
    """How much of an array a fusion looks at, of which slices may overlap."""
    total = 0
    for user in _users(fusion, parameter.name):
        is_first = _origin(fusion, user.operands[0]) == parameter.name
        if user.opcode in _SLICING and is_first:
            total += user.bytes
        elif user.opcode == "dynamic-update-slice" and is_first:
            continue  # written in place
        else:
            return parameter.bytes
    return total


def bytes_written(module: Module, instruction: Instruction) -> int:
    """What one turn of a kernel writes."""
    if instruction.opcode == "custom-call":  # whose arrays of plain bytes are room to work in
        return sum(array.bytes for array in instruction.arrays if array.kind != "u8")
    if instruction.opcode.endswith("-start"):  # what was given, and what comes of it
        return max((array.bytes for array in instruction.arrays), default=0)
    inner = module.computations.get(instruction.called("calls") or "")
    if inner is None:
        return instruction.bytes
    roots = [inner.root]
    if inner.root.opcode == "tuple":
        roots = [inner.instructions[name] for name in inner.root.operands]
    return sum(_written_by(inner, root) for root in roots)


def _written_by(fusion: Computation, root: Instruction) -> int:
    origin = fusion.instructions[_origin(fusion, root.name)]
    if origin.opcode == "dynamic-update-slice":
        return fusion.instructions[origin.operands[1]].bytes
    return root.bytes


def kind_of(module: Module, instruction: Instruction) -> str:
    """One of `KINDS`: by the operations inside, and where of the step the whole comes from."""
    if collective_kind(instruction.opcode):
        return COLLECTIVE
    if "$conv" in instruction.attributes:
        return CONVOLUTION
    parts = list(fused(module, instruction))
    opcodes = {each.opcode for each in parts}
    if opcodes <= _NAMES_ONLY | _MOVING:
        return MOVEMENT
    source = instruction.source or " ".join(each.source for each in parts)
    if "jvp(" not in source:
        return OPTIMIZER
    if "dot" in opcodes or "gemm" in instruction.attributes or "dot_general" in source:
        return PRODUCT
    if max(map(_channels, instruction.arrays), default=0) < LEAST_CHANNELS:
        return LOSS
    if any(_pools(each) for each in parts):
        return POOL
    if "select" in opcodes and "transpose(jvp" in source:
        return MASK
    return RELU if "maximum" in opcodes else LOSS


def _channels(array: Array) -> int:
    """Of a feature map; 0 of what is none."""
    return array.extent[-1] if len(array.extent) >= 3 else 0


def _pools(part: Instruction) -> bool:
    """Whether it joins neighbors, or spreads what had been joined."""
    is_window = part.opcode == "reduce-window" or "reduce_window" in part.source
    return is_window or bool(_STRIDED.search(part.attributes) or _SPREAD.search(part.attributes))
