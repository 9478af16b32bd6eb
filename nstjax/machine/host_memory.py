"""What the machine has of memory, and how a want of it shows; without JAX."""

import os
from pathlib import Path

CONTAINER = Path("/sys/fs/cgroup")  # of version 2
MACHINE = Path("/proc/meminfo")
SIGNS = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory", "bad_alloc")


def host_bytes() -> int | None:
    """The memory of the machine, or of the container that this runs in; None where nobody tells."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows
    limit = _number(CONTAINER / "memory.max")  # no container, or one without a limit
    return physical if limit is None else min(physical, limit)


def free_host_bytes() -> int | None:
    """What of it nobody uses, but for files that the system keeps in case they are read again."""
    whole = host_bytes()
    if whole is None:
        return None
    available = _field(MACHINE, "MemAvailable:", 1024)
    free = whole if available is None else min(whole, available)
    limit, used = (_number(CONTAINER / f"memory.{name}") for name in ("max", "current"))
    if limit is None or used is None:
        return free
    kept = _field(CONTAINER / "memory.stat", "inactive_file", 1) or 0
    return max(0, min(free, limit - used + kept))


def own_bytes() -> int | None:
    """What this process uses now; None where nobody tells."""
    return _field(Path("/proc/self/status"), "VmRSS:", 1024)


def is_exhausted(error: BaseException) -> bool:
    """Whether a program failed for want of memory; XLA has no exception of its own for that."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)
    )


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _field(file: Path, name: str, unit: int) -> int | None:
    """The number behind a name at the beginning of a line."""
    try:
        lines = file.read_text().splitlines()
        return next(unit * int(line.split()[1]) for line in lines if line.split()[:1] == [name])
    except (OSError, ValueError, IndexError, StopIteration):
        return None
