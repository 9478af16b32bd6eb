"""What the machine has of memory, and what a picture takes; without JAX."""

import os
from pathlib import Path

# What the default step takes for each pixel of the result: feature maps for the gradient, transients
# and the optimizer's memory. `memory_analysis()` of the compiled step says 2600 with float32 features on
# a CPU at 2048 px, and 2470 with bfloat16; with the classic recipes' fifth stage 2800.
BYTES_PER_PIXEL = 2800

CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def host_bytes() -> int | None:
    """The memory of the machine, or of the container that this runs in; None where nobody tells."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows
    try:
        return min(physical, int(CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):
        return physical  # no container, or one without a limit
