"""Several hosts that work on the same, by JAX's own means: `jax.distributed`."""

import jax
import numpy as np
from jax.experimental import multihost_utils

from nstjax.errors import UserError

AUTO = "auto"
HOW = (
    "give auto, where a scheduler that JAX knows says it (Slurm, Cloud TPU, Kubernetes, Open MPI), or "
    "ADDRESS:PORT,NUMBER,COUNT: the first host's address, and this one's number from 0 of how many"
)


def join(hosts: str) -> None:
    """Makes this process one of several, before anything else is asked of JAX.

    Args:
        hosts: as `HOW` says.

    Raises `UserError` for another text, and where the others cannot be reached.
    """
    if hosts == AUTO:
        arguments = {}
    else:
        address, number, count = _parsed(hosts)
        arguments = {
            "coordinator_address": address,
            "process_id": number,
            "num_processes": count,
        }
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(**arguments)
    except (RuntimeError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"hosts is {hosts!r} and they do not meet: {reason}; {HOW}") from None


def _parsed(hosts: str) -> tuple[str, int, int]:
    address, *numbers = hosts.split(",")
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and len(numbers) == 2 and all(map(str.isdecimal, numbers)):
        number, count = map(int, numbers)
        if number < count:
            return address, number, count
    raise UserError(f"hosts is {hosts!r}: {HOW}")


def is_first() -> bool:
    """Whether this host is the one that writes and speaks for all."""
    return jax.process_index() == 0


def any_of_hosts(flag: bool) -> bool:
    """Whether it holds on one of the hosts. Each must ask."""
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def least_of_hosts(number: int | None) -> int | None:
    """The least of the numbers that hosts know; None where none knows one. Each must ask."""
    known = float("inf") if number is None else float(number)
    least = float(np.min(multihost_utils.process_allgather(np.array(known))))
    return None if least == float("inf") else int(least)


def wait_for_hosts(what: str) -> None:
    """Goes on once all hosts have come as far."""
    multihost_utils.sync_global_devices(what)
