"""How many bytes a kernel of a graphics card reads and writes.

It reads each array that it is given once, however often it looks at it and under how many shapes, and
writes each of its results once:

    an array of which it only takes slices     counts as those slices, at most as all of it
    an array that it updates a slice of        is not read; the update is what is written
    what a library may need to work in         is not counted

So these are bytes as if caches kept nothing from one kernel to the next, and everything within one.
"""

from benchmarks.ahead.hlo import Computation, Executed, Instruction, Module

_SLICING = {"slice", "dynamic-slice", "gather"}
_UPDATE = "dynamic-update-slice"


def bytes_read(module: Module, each: Executed) -> int:
    """What one turn of a kernel reads."""
    inner = module.computations.get(each.instruction.called("calls") or "")
    needed: dict[str, int] = {}
    for place, name in enumerate(each.instruction.operands):
        whole = each.computation.instructions[name].bytes
        if inner is None:
            looked_at = _looked_at(each.instruction, place, whole)
        else:
            looked_at = _read_inside(inner, inner.parameters[place])
        origin = _origin(each.computation, name)
        needed[origin] = max(needed.get(origin, 0), min(whole, looked_at))
    return sum(needed.values())


def _looked_at(instruction: Instruction, place: int, whole: int) -> int:
    """What a single operation reads of one of its operands."""
    if place > 0:
        return whole
    if instruction.opcode in _SLICING:
        return instruction.bytes
    return 0 if instruction.opcode == _UPDATE else whole


def _read_inside(fusion: Computation, parameter: Instruction) -> int:
    """What all operations of a fusion read of one of its parameters; slices may overlap."""
    return sum(
        _looked_at(user, place, parameter.bytes)
        for user, name in _users(fusion, parameter.name)
        for place, operand in enumerate(user.operands)
        if operand == name
    )


def _users(computation: Computation, name: str) -> list[tuple[Instruction, str]]:
    """Who reads an array, and by which name: a bitcast only gives it another shape."""
    users = []
    for each in computation.instructions.values():
        if name in each.operands:
            again = each.opcode == "bitcast"
            users += _users(computation, each.name) if again else [(each, name)]
    return users


def _origin(computation: Computation, name: str) -> str:
    """The array that a name stands for, whatever shape the name gives it."""
    while (found := computation.instructions[name]).opcode == "bitcast":
        name = found.operands[0]
    return name


def bytes_written(module: Module, each: Executed) -> int:
    """What one turn of a kernel writes."""
    instruction = each.instruction
    if instruction.opcode == "custom-call":  # whose arrays of plain bytes are room to work in
        return sum(array.bytes for array in instruction.arrays if array.kind != "u8")
    has_operands = (
        instruction.opcode.endswith("-start") and instruction.opcode != "all-reduce-start"
    )
    if has_operands:  # as results, beside what comes of them
        return max((array.bytes for array in instruction.arrays), default=0)
    inner = module.computations.get(instruction.called("calls") or "")
    if inner is None:
        return _written_by(each.computation, instruction)
    roots = [inner.root]
    if inner.root.opcode == "tuple":
        roots = [inner.instructions[name] for name in inner.root.operands]
    return sum(_written_by(inner, root) for root in roots)


def _written_by(computation: Computation, root: Instruction) -> int:
    """A result, or what of it is new."""
    origin = computation.instructions[_origin(computation, root.name)]
    is_update = origin.opcode == _UPDATE
    return computation.instructions[origin.operands[1]].bytes if is_update else root.bytes
