"""JAX's persistent cache of compiled programs, as the command line uses it."""

import contextlib
import tempfile
from collections.abc import Iterator

import jax
from jax.experimental.compilation_cache import compilation_cache

from nstjax.cli.running.compilation_cache import KEEP_EVERYTHING


def use_no_cache() -> None:
    """Lets everything that is compiled from now on take its time."""
    _configure({"jax_enable_compilation_cache": False})


@contextlib.contextmanager
def fresh_cache() -> Iterator[None]:
    """An empty cache, removed at the end, for the programs that are compiled meanwhile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        wanted = {
            **KEEP_EVERYTHING,
            "jax_enable_compilation_cache": True,
            "jax_compilation_cache_dir": folder,
        }
        before = {name: getattr(jax.config, name) for name in wanted}
        try:
            _configure(wanted)
            yield
        finally:
            _configure(before)


def _configure(values: dict) -> None:
    for name, value in values.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()  # it looks at the settings once
