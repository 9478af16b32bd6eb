"""The device that programs are compiled for."""

import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from nstjax.errors import UserError

CPU_INFORMATION = Path("/proc/cpuinfo")

_is_broken_fork = False


def _note_fork() -> None:
    global _is_broken_fork
    # JAX has no public name for this; where it is another one, forks are as they would be without us.
    bridge = sys.modules.get("jax._src.xla_bridge")
    if getattr(bridge, "_backends", None):
        _is_broken_fork = True


if hasattr(os, "register_at_fork"):  # not on Windows, which has no forks
    os.register_at_fork(after_in_child=_note_fork)


def check_not_forked() -> None:
    """Raises `UserError` in a process forked after JAX had started: without JAX's threads it hangs."""
    if _is_broken_fork:
        raise UserError(
            "this process was forked after JAX had started, and would hang: start workers with "
            'multiprocessing.get_context("spawn")'
        )


def default_device() -> Any:
    """Where arrays are made and programs run, unless somebody says otherwise."""
    (device,) = jnp.zeros(()).devices()
    return device


def cpu_model() -> str:
    """The processor's name as the system tells it."""
    if CPU_INFORMATION.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", CPU_INFORMATION.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def default_platform() -> str:
    """`cpu`, `gpu` or `tpu`."""
    return default_device().platform


def runs_triton(device: Any) -> bool:
    """Whether kernels written for Triton run there: on NVIDIA's cards since compute capability 8.0."""
    # "9.0"; AMD's are "gfx942" and such.
    capability = str(getattr(device, "compute_capability", ""))
    return capability[:1].isdigit() and float(capability) >= 8
