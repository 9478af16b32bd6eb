"""What a compiled program takes of memory, as its compiler says, and what there is of it."""

from typing import Any, NamedTuple

from nstjax.machine.device import default_device
from nstjax.machine.host_memory import free_host_bytes

SPARED = 0.05  # of what is free: the allocator's own, and what others take meanwhile


class Need(NamedTuple):
    """Bytes on each device, while the program runs."""

    held: int  # arguments and results: the picture, the optimizer's state, targets
    temporary: int  # what is there only meanwhile, above all feature maps

    @property
    def total(self) -> int:
        """All of it."""
        return self.held + self.temporary


def need_of(compiled: Any, present: int = 0) -> Need:
    """What a compiled program takes (`jax.stages.Compiled`); zeros where nobody tells.

    `present` are bytes of its arguments that are on the device already, beside `room`.
    """
    found = compiled.memory_analysis()
    if found is None:
        return Need(0, 0)
    held = found.argument_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes
    return Need(
        max(0, held - present), found.temp_size_in_bytes + found.generated_code_size_in_bytes
    )


def room() -> int | None:
    """Bytes that a program may take on the default device now; None where nobody tells."""
    device = default_device()
    if device.platform == "cpu":
        free = free_host_bytes()
    else:
        stats = device.memory_stats() or {}
        limit = stats.get("bytes_limit")
        free = None if limit is None else limit - stats.get("bytes_in_use", 0)
    return None if free is None else int((1 - SPARED) * free)
