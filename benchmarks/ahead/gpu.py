"""What a program compiled for a graphics card says of a step: its kernels, and the bytes they move.

Every instruction of the step's body that is no mere name of an array (tuple, bitcast, parameter) is a
kernel, or a call of a library's; in loops within as often as these turn. Start and done are one. Which
bytes are counted says `traffic.py`.
"""

import re
from typing import NamedTuple

from benchmarks.ahead.collectives import collective_kind
from benchmarks.ahead.hlo import (
    MOVING,
    NAMES_ONLY,
    Array,
    Executed,
    Instruction,
    Module,
    fused,
    nearest_source,
)
from benchmarks.ahead.traffic import bytes_read, bytes_written

CONVOLUTION, PRODUCT, RELU, POOL, MASK = "convolution", "product", "ReLU", "pool", "masking"
LOSS, OPTIMIZER, MOVEMENT, COLLECTIVE = "losses", "optimizing", "data movement", "collective"
LEAST_CHANNELS = 64  # of a feature map
KINDS = (CONVOLUTION, PRODUCT, RELU, POOL, MASK, LOSS, OPTIMIZER, MOVEMENT, COLLECTIVE)

_ACTIVATION = re.compile(r'"activation_mode":"(\w+)"')
_PRODUCTS = re.compile("gemm|gpu.triton")  # a library's, and `nstjax.vgg.masked_product`
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
    return instruction.opcode not in NAMES_ONLY and not instruction.opcode.endswith("-done")


def _kernel(module: Module, each: Executed) -> Kernel:
    instruction = each.instruction
    activation = _ACTIVATION.search(instruction.attributes)
    return Kernel(
        name=instruction.name,
        kind=kind_of(module, instruction),
        read=bytes_read(module, each) * each.turns,
        written=bytes_written(module, each) * each.turns,
        turns=each.turns,
        activation=activation.group(1) if activation else None,
        is_backward="transpose(" in instruction.source,
        shapes=" ".join(map(str, instruction.arrays)),
        source=nearest_source(each.computation, instruction),
    )


def kind_of(module: Module, instruction: Instruction) -> str:
    """One of `KINDS`: by the operations inside, and where of the step the whole comes from."""
    if collective_kind(instruction.opcode):
        return COLLECTIVE
    parts = list(fused(module, instruction))
    opcodes = {each.opcode for each in parts}
    if "$conv" in instruction.attributes or "convolution" in opcodes:
        return CONVOLUTION
    if opcodes <= NAMES_ONLY | MOVING:
        return MOVEMENT
    source = instruction.source or " ".join(each.source for each in parts)
    if "jvp(" not in source:
        return OPTIMIZER
    is_product = "dot" in opcodes or "dot_general" in source
    if is_product or _PRODUCTS.search(instruction.attributes):
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
