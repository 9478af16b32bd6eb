"""Compiled programs are kept between runs, in bounds, and never against the user's word."""

import os
import subprocess
import sys

import jax
import pytest

from nstjax.cli.running import compilation_cache
from nstjax.cli.running.compilation_cache import keep_programs

NAMES = (
    "jax_enable_compilation_cache",
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


@pytest.fixture
def options():
    """JAX's options as they were, given back afterwards."""
    before = {name: getattr(jax.config, name) for name in NAMES}
    jax.config.update("jax_enable_compilation_cache", True)
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


def test_programs_are_kept_beside_the_weights(cache, options):
    keep_programs()
    assert jax.config.jax_compilation_cache_dir == str(cache / "programs")
    assert (cache / "programs").is_dir()


def test_the_users_own_folder_stays(cache, options, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    keep_programs()
    assert jax.config.jax_compilation_cache_dir == str(tmp_path)
    assert not (cache / "programs").exists()


def test_the_users_own_rules_stay(cache, options, monkeypatch):
    monkeypatch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "7")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 7)
    keep_programs()
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 7
    assert jax.config.jax_persistent_cache_min_entry_size_bytes == -1


def test_who_wants_no_cache_gets_none(cache, options):
    jax.config.update("jax_enable_compilation_cache", False)
    keep_programs()
    assert jax.config.jax_compilation_cache_dir is None
    assert not cache.exists()


def test_a_cache_that_cannot_be_made_is_done_without(cache, options):
    cache.write_text("a file where the folder should be")
    keep_programs()
    assert jax.config.jax_compilation_cache_dir is None


def test_the_oldest_programs_go_when_there_are_too_many(cache, options, monkeypatch):
    monkeypatch.setattr(compilation_cache, "MAX_BYTES", 25)
    folder = cache / "programs"
    folder.mkdir(parents=True)
    for age, name in enumerate(("newest", "middle", "oldest")):
        (folder / name).write_bytes(bytes(10))
        os.utime(folder / name, (1000 - age, 1000 - age))
    keep_programs()
    assert {file.name for file in folder.iterdir()} == {"newest", "middle"}


COUNT_HITS = """
import jax
from nstjax.cli.running.compilation_cache import keep_programs

events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event))
keep_programs()
jax.jit(lambda x: x + 1)(1.0)
print(events.count("/jax/compilation_cache/cache_hits"))
"""


def test_the_next_process_finds_the_program(cache, monkeypatch):
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "true")
    hits = [
        int(
            subprocess.run(
                [sys.executable, "-c", COUNT_HITS], capture_output=True, check=True
            ).stdout
        )
        for _ in range(2)
    ]
    assert hits[0] == 0 < hits[1]
