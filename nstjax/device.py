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
