"""Memory that stays with the process from step to step."""

import ctypes
import os

from nstjax.machine.host_memory import host_bytes

# Of <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8
# One heap for all threads, nothing outside of it, and nothing of it given back.
KEEPING = {M_ARENA_MAX: 1, M_MMAP_MAX: 0, M_TRIM_THRESHOLD: -1}
# What the default step takes for each pixel, about: JAX, which could tell, is not there yet.
BYTES_PER_PIXEL = 2800
# Such a heap has holes, since a program's results come to lie where the next one's feature maps would:
# at 1024 x 768 px a run takes 5.4 GB in place of 2.4.
HOLES = 3


def keep_memory(size: int) -> None:
    """Lets glibc keep what a step on a CPU has freed, for the next one.

    XLA takes gigabytes anew at every call of a program. By default the system hands them out page by
    page, filled with zeros, and gets them back: a fifth of a step at 2048 px. To be called before
    other threads begin: each may get a heap of its own. Does nothing where there is no glibc, where
    the user has tuned it, or where memory is too scarce for it.

    Args:
        size: long side of the largest picture in pixels.
    """
    available = host_bytes()
    if available is not None and HOLES * BYTES_PER_PIXEL * size**2 > available:
        return
    if "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # macOS, musl, Windows
        return
    for parameter, value in KEEPING.items():
        mallopt(parameter, value)
