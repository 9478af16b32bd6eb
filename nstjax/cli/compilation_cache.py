"""Compiled programs kept between runs: the second picture of a size starts at once."""

from pathlib import Path

import jax

import weights_tools

MAX_BYTES = 2**30


def keep_programs() -> None:
    """Lets JAX keep every compiled program in the cache, unless the user has told it where to.

    A program depends on picture sizes, recipe, device and the versions of JAX; its file is named
    by a hash of all that. The oldest are removed once they take more than `MAX_BYTES`.
    """
    if jax.config.jax_compilation_cache_dir is not None:  # pyright: ignore
        return
    folder = weights_tools.cache_folder() / "programs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_oldest(folder)
    except OSError:
        return  # everything works without
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # JAX keeps by default only what takes over a second; a picture needs many small programs too.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _remove_oldest(folder: Path) -> None:
    files = [(file, file.stat()) for file in folder.iterdir() if file.is_file()]
    excess = sum(about.st_size for _, about in files) - MAX_BYTES
    for file, about in sorted(files, key=lambda each: each[1].st_mtime):
        if excess <= 0:
            break
        file.unlink(missing_ok=True)
        excess -= about.st_size
