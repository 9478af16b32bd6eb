"""From a process that has read its flags to one that can paint."""

import os
import sys
import warnings

from nstjax.errors import UserError
from weights_tools.process import signals

# What the environment may say to JAX, and our programs cannot be made or run with.
NEEDED = {
    "jax_disable_jit": False,
    "jax_enable_x64": False,
    "jax_no_tracing": False,
    "jax_numpy_rank_promotion": "allow",
    "jax_transfer_guard": "allow",
}
PREFIXES = ("JAX_", "XLA_")


def begin(hosts: str = "") -> None:
    """Watches for signals, and then imports JAX.

    Args:
        hosts: that this process is one of; empty: it is alone.

    Raises `UserError` where JAX does not start, most often for a variable of the environment, and where
    hosts do not meet.
    """
    signals.current().watch()
    try:
        _check_xla_flags()
        _import_jax()
        if hosts:
            from nstjax.machine.hosts import join

            join(hosts)
    except (MemoryError, UserError):
        raise
    except Exception as error:  # whatever a library says to what it cannot read
        raise UserError(f"JAX does not start: {_reason(error)}; {advice(str(error))}") from None


def _import_jax() -> None:
    is_ours = "jax" not in sys.modules  # else somebody has set it as he wants it
    import jax

    for name, value in NEEDED.items() if is_ours else ():
        if hasattr(jax.config, name):
            jax.config.update(name, value)


def _check_xla_flags() -> None:
    """Raises `ValueError` for flags that XLA does not know: it ends the process, here only a copy."""
    if "XLA_FLAGS" not in os.environ or "jax" in sys.modules or not hasattr(os, "fork"):
        return
    from jaxlib import xla_client

    with warnings.catch_warnings(action="ignore"):  # of threads: this one's copy needs no other
        child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        xla_client.CompileOptions()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise ValueError("XLA does not know all of XLA_FLAGS")


def advice(message: str) -> str:
    """What to do about an error of JAX: the variables that are set, those that it names if it does."""
    variables = [f"{name}={value}" for name, value in os.environ.items() if _is_jax(name)]
    named = [each for each in variables if each.partition("=")[0].lower() in message.lower()]
    if variables:
        return f"the environment has {' '.join(named or variables)}: change or unset that"
    return "is there enough memory (ulimit -v)? else install nstjax again"


def _is_jax(name: str) -> bool:
    return name.startswith(PREFIXES)


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
