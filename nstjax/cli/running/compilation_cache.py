"""Compiled programs kept between runs: the second picture of a size compiles nothing."""

import contextlib
import os
import stat
import time
from pathlib import Path

import jax

import weights_tools
from weights_tools.process import atomic_files

MAX_BYTES = 2**30
# JAX keeps by default only what takes over a second; a picture needs many small programs too.
KEEP_EVERYTHING = {
    "jax_persistent_cache_min_compile_time_secs": 0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}


def keep_programs() -> None:
    """Lets JAX keep every compiled program in the cache, unless the user has told it where to.

    A program depends on picture sizes, recipe, device and the versions of JAX; its file is named
    by a hash of all that. The oldest are removed once they take more than `MAX_BYTES`.
    """
    # A JAX with other internals keeps its programs in its own way.
    with contextlib.suppress(ImportError, AttributeError):
        from nstjax.cli.running.program_files import use_program_files

        use_program_files()
    chosen: str | None = jax.config.jax_compilation_cache_dir  # pyright: ignore
    if chosen is not None or not jax.config.jax_enable_compilation_cache:  # pyright: ignore
        return
    try:
        folder = weights_tools.cache_folder() / "programs"
    except weights_tools.WeightsError:  # everything works without
        return
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _remove_oldest(folder)
    if not os.access(folder, os.W_OK):
        return  # JAX would warn of every program
    jax.config.update("jax_compilation_cache_dir", str(folder))
    for name, value in KEEP_EVERYTHING.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)


def _remove_oldest(folder: Path) -> None:
    atomic_files.sweep(folder, now=time.time())
    files = []
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removes, too
            about = file.stat()
            if stat.S_ISREG(about.st_mode):
                files.append((file, about))
    excess = sum(about.st_size for _, about in files) - MAX_BYTES
    for file, about in sorted(files, key=lambda each: each[1].st_mtime):
        if excess <= 0:
            break
        file.unlink(missing_ok=True)
        excess -= about.st_size
