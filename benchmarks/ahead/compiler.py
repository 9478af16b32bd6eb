"""One case compiled for one target, and all that its text says, as a row of the record."""

import time
from collections import Counter
from typing import Any, NamedTuple

import jax

from benchmarks.ahead.collectives import count_collectives
from benchmarks.ahead.gpu import GpuStep, read_gpu_step
from benchmarks.ahead.hlo import executed, parse_module, step_body
from benchmarks.ahead.needs import needed_bytes, needed_flops
from benchmarks.ahead.program import Case, lower_step, settings_of
from benchmarks.ahead.targets import TARGETS, Target
from benchmarks.ahead.tpu import TpuStep, read_tpu_step
from benchmarks.failure import describe
from benchmarks.ours import program_bytes


class Compiled(NamedTuple):
    """What came of a case."""

    row: dict[str, Any]
    text: str | None  # the program; None where there is none


def compile_case(target_name: str, case: Case, devices: list[Any], top: int) -> Compiled:
    """Compiles a case; its row says why where that fails.

    Args:
        target_name: a name of `TARGETS`.
        case: the program.
        devices: of that target, as many as the case has.
        top: how many of the costliest instructions the row lists.
    """
    target = TARGETS[target_name]
    asked = {"target": target_name} | case._asdict()
    lowered = lower_step(case, target.platform, devices)
    begin = time.perf_counter()
    try:
        program = lowered.compile()
    except jax.errors.JaxRuntimeError as error:
        fits = "RESOURCE_EXHAUSTED" not in str(error)
        return Compiled({"case": asked, "failure": describe(error), "fits": fits}, None)
    seconds = time.perf_counter() - begin
    memory = program_bytes(program)
    if memory > target.memory:
        failure = f"{memory} bytes, of which {target_name} has {target.memory}"
        return Compiled({"case": asked, "failure": failure, "fits": False}, None)
    text = program.as_text() or ""
    result = {"compiled_in_seconds": seconds, "peak_memory_bytes": memory}
    result |= read(target, case, text, top)
    return Compiled({"case": asked, "result": result}, text)


def read(target: Target, case: Case, text: str, top: int) -> dict[str, Any]:
    """What a program's text says of a step of one device."""
    module = parse_module(text)
    step = list(executed(module, step_body(module, case.steps)))
    needs = settings_of(case), case.height, case.width
    shared = {
        "collectives": count_collectives(step),
        "needed_flops": needed_flops(case.model, *needs) / case.devices,
    }
    if target.platform == "tpu":
        return shared | tpu_numbers(
            target, read_tpu_step(module, step), shared["needed_flops"], top
        )
    # Each device reads all kernels.
    rows = -(-case.height // case.devices)
    needed = needed_bytes(case.model, settings_of(case), rows, case.width)
    return shared | {"needed_bytes": needed} | gpu_numbers(read_gpu_step(module, step), top)


def tpu_numbers(target: Target, step: TpuStep, flops: float, top: int) -> dict[str, Any]:
    """A step on a TPU, in the compiler's estimate."""
    costliest = sorted(step.costs, key=lambda cost: -(cost.estimated_cycles or 0))[:top]
    peak = target.flops_a_cycle
    return {
        "estimated_by_the_compiler": {"cycles": step.cycles, "cycles_by_kind": step.by_kind},
        "needed_cycles": flops / peak if peak else None,
        "without_estimate": [cost._asdict() for cost in step.without_estimate],
        "asynchronous_bytes": step.asynchronous_bytes,
        "costliest": [cost._asdict() for cost in costliest],
    }


def gpu_numbers(step: GpuStep, top: int) -> dict[str, Any]:
    """A step on a graphics card, counted in the compiled program."""
    costliest = sorted(step.kernels, key=lambda kernel: -kernel.bytes)[:top]
    return {
        "bytes": step.bytes,
        "bytes_by_kind": step.by_kind,
        "kernels": step.launches,
        "activation_modes_forward": dict(Counter(step.activations(backward=False))),
        "activation_modes_backward": dict(Counter(step.activations(backward=True))),
        "costliest": [kernel._asdict() for kernel in costliest],
    }
