"""What the numbers were measured on."""

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import jax

from nstjax.machine.device import cpu_model

PACKAGES = ("nstjax", "jax", "jaxlib", "torch")


def describe_machine() -> dict:
    """The device that JAX uses, the processor beside it, and the versions."""
    device = jax.devices()[0]
    cores, model = core_count(), cpu_model()
    # One accelerator is used, however many there are.
    count, kind = (cores, model) if device.platform == "cpu" else (1, device.device_kind)
    what = "cores of" if device.platform == "cpu" else "x"
    return {
        "name": f"{device.platform.upper()}: {count} {what} {kind}",
        "slug": slug(device.platform, count, kind),
        "platform": device.platform,
        "cpu": model,
        "cores": cores,
        "versions": {"Python": platform.python_version(), **package_versions()},
    }


def slug(platform_name: str, count: int, kind: str) -> str:
    """A name for files: `cpu-2-amd-epyc`, `gpu-1-nvidia-h200`."""
    words = re.findall(r"[a-z0-9]+", kind.lower())
    return "-".join([platform_name, str(count), *words])


def core_count() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return os.cpu_count() or 1


def package_versions() -> dict[str, str]:
    """Of the packages that matter, whether they are installed or not."""
    return dict.fromkeys(PACKAGES, "not installed") | installed_versions(PACKAGES)


def installed_versions(packages: Sequence[str]) -> dict[str, str]:
    """Of those packages that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
