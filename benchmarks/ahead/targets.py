"""The devices that a program can be compiled for where none of them is.

What is written here are facts about them from their makers: which slice of a TPU pod has as many
chips, how fast they multiply in bfloat16, what of a graphics card XLA's compiler asks for.
"""

import importlib.util
import math
from typing import Any, NamedTuple

from benchmarks.ahead.gpu_config import GPUS, gpu_config
from nstjax.errors import UserError


class Target(NamedTuple):
    """A kind of device."""

    platform: str  # tpu or gpu
    topologies: dict[int, str]  # the smallest with at least so many devices
    flops: float | None  # a second in bfloat16, multiplications and additions; of one device
    clock: float | None = None  # cycles a second, of a TPU
    # Bytes of a graphics card; the compiler for TPUs knows theirs, and refuses what does not fit.
    memory: float = math.inf

    @property
    def flops_a_cycle(self) -> float | None:
        """What a TPU's matrix units can do in one of the cycles that its compiler counts."""
        return self.flops / self.clock if self.flops and self.clock else None


_CARDS = {1: "1x1x1", 8: "1x1x8"}
TARGETS = {
    "v5e": Target(
        "tpu",
        {4: "v5e:2x2", 8: "v5e:2x4", 16: "v5e:4x4", 32: "v5e:4x8", 64: "v5e:8x8"},
        197e12,
        1.5e9,
    ),
    "v6e": Target("tpu", {4: "v6e:2x2", 8: "v6e:2x4"}, 918e12, 1.75e9),
    "v5p": Target("tpu", {4: "v5:2x2x1", 8: "v5:2x2x2"}, 459e12, 1.75e9),
    # Two devices a chip. Its clock is not published, so no cycles are known for its multiplications.
    "tpu7x": Target("tpu", {8: "tpu7x:2x2x1"}, 2307e12 / 2),
} | {name: Target("gpu", _CARDS, gpu.flops, memory=gpu.memory) for name, gpu in GPUS.items()}

# Packages with the compilers, and how one gets them.
COMPILERS = {
    "tpu": (("libtpu",), 'pip install ".[ahead]"'),
    "gpu": (
        ("jax_cuda12_plugin", "jax_cuda13_plugin"),
        'pip install "jax[cuda12]", which is large',
    ),
}


def has_compiler(platform: str) -> bool:
    """Whether the compiler for a platform is installed."""
    return any(importlib.util.find_spec(name) for name in COMPILERS[platform][0])


def devices_of(name: str, count: int) -> list[Any]:
    """Descriptions of as many devices of a target; none of them need exist.

    Raises `UserError` where their compiler is not installed, or no topology has so many.
    """
    from jax.experimental import topologies  # late: `__main__` settles its environment first

    target = TARGETS[name]
    if not has_compiler(target.platform):
        command = COMPILERS[target.platform][1]
        raise UserError(f"the compiler for {name} is not installed: run {command}")
    sizes = [size for size in target.topologies if size >= count]
    if not sizes:
        raise UserError(f"{count} devices of {name}: give at most {max(target.topologies)}")
    topology = target.topologies[min(sizes)]
    if target.platform == "tpu":
        found = topologies.get_topology_desc(topology, "tpu")
    else:
        found = topologies.get_topology_desc(
            name, "cuda", target_config=gpu_config(GPUS[name]), topology=topology
        )
    return list(found.devices)[:count]
