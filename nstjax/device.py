"""The device that programs are compiled for."""

from typing import Any

import jax.numpy as jnp


def default_device() -> Any:
    """Where arrays are made and programs run, unless somebody says otherwise."""
    (device,) = jnp.zeros(()).devices()
    return device


def default_platform() -> str:
    """`cpu`, `gpu` or `tpu`."""
    return default_device().platform


def runs_triton(device: Any) -> bool:
    """Whether kernels written for Triton run there: on NVIDIA's cards since compute capability 8.0."""
    # "9.0"; AMD's are "gfx942" and such.
    capability = str(getattr(device, "compute_capability", ""))
    return capability[:1].isdigit() and float(capability) >= 8
