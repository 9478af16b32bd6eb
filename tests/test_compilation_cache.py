"""Compiled programs are kept between runs, in bounds, and never against the user's word."""

import os
import subprocess
import sys

import jax
import pytest
from jax._src import compilation_cache as jax_cache
from jax.experimental.compilation_cache.compilation_cache import reset_cache

from nstjax.cli.running import compilation_cache, program_files
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


def test_only_files_count_and_what_killed_writers_left_goes(cache, options, monkeypatch):
    monkeypatch.setattr(compilation_cache, "MAX_BYTES", 0)
    folder = cache / "programs"
    (folder / "of another library").mkdir(parents=True)
    left = folder / f".nstjax-{'0' * 32}"
    for name in (left, folder / "program"):
        name.write_bytes(b"half")
        os.utime(name, (1000, 1000))
    keep_programs()
    assert os.listdir(folder) == ["of another library"]


@pytest.fixture
def count_hits(options):
    """Runs one program anew, and tells how often it was found."""
    events = []
    jax.monitoring.register_event_listener(lambda event, **_: events.append(event))

    def count():
        reset_cache()
        jax.clear_caches()
        events.clear()
        assert float(jax.jit(lambda x: x * 3 + 1)(1.0)) == 4
        return events.count("/jax/compilation_cache/cache_hits")

    yield count
    reset_cache()


@pytest.mark.parametrize("where", ["ours", "the user's"])
@pytest.mark.parametrize("left", [0.5, 0.99, 0, "another codec", "flipped", "a folder"])
def test_a_damaged_program_is_replaced_in_silence(left, where, cache, count_hits):
    folder = cache / "programs"
    if where != "ours":
        folder = cache / "users"
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    keep_programs()
    assert [count_hits(), count_hits()] == [0, 1]
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    match left:
        case "another codec":
            entry.write_bytes(b"\x28\xb5\x2f\xfd" + whole[4:])
        case "flipped":  # in the middle
            entry.write_bytes(whole[:99] + bytes([whole[99] ^ 1]) + whole[100:])
        case "a folder":
            entry.unlink()
            entry.mkdir()
            (entry / "file").touch()
        case _:
            entry.write_bytes(whole[: int(left * len(whole))])
    # Warnings are errors here.
    again = [0, 0] if left == "a folder" else [0, 1]
    assert [count_hits(), count_hits()] == again


def test_jax_reads_what_we_keep_and_we_what_it_keeps(cache, options, count_hits, monkeypatch):
    keep_programs()
    assert count_hits() == 0
    monkeypatch.setattr(jax_cache, "get_file_cache", program_files._open_with_jax)
    assert count_hits() == 1
    (entry,) = (cache / "programs").iterdir()
    entry.unlink()
    assert count_hits() == 0
    keep_programs()
    assert count_hits() == 1


def test_a_full_disk_keeps_no_program_and_says_nothing(cache, count_hits, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    keep_programs()
    monkeypatch.setattr(os, "replace", full)
    assert count_hits() == 0
    assert not os.listdir(cache / "programs")


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
