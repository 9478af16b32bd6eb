"""The file of losses, watched while it grows."""

import json
import os

import numpy as np
import pytest

from nstjax import files
from nstjax.cli.files.beside import metrics
from nstjax.cli.files.beside.metrics import MetricsFile
from nstjax.losses import Losses
from nstjax.result import Progress


def report(step):
    """What is told of the step before this and this one."""
    losses = Losses(*(np.float32([0.5, 0.25]) for _ in Losses._fields))
    return Progress(
        1, 1, 3, 4, step, 100, step, 100, step / 100, losses, lambda: np.zeros((3, 4, 3))
    )


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(metrics.time, "monotonic", lambda: now[0])
    return now


def steps(path):
    return [json.loads(line)["total_step"] for line in path.read_text().splitlines()]


def test_the_first_lines_come_at_once_and_the_others_by_the_second(tmp_path, clock):
    path = tmp_path / "losses.jsonl"
    path.write_text("an older file\n")
    with MetricsFile(path) as observe:
        assert path.read_text() == "an older file\n"
        seen = []
        for number in range(1, 5):
            clock[0] += 0.4
            observe(report(2 * number))
            seen.append(steps(path)[-1])
        assert seen == [2, 2, 2, 8]
        observe(report(10))
        assert steps(path)[-1] == 8
    assert steps(path) == list(range(1, 11))
    assert os.listdir(tmp_path) == ["losses.jsonl"]


def broken_off(path, error):
    with MetricsFile(path) as observe:
        observe(report(2))
        observe(report(4))
        raise error


@pytest.mark.parametrize("error", [FloatingPointError, KeyboardInterrupt])
def test_work_that_fails_leaves_all_lines_and_its_own_error(tmp_path, clock, error):
    with pytest.raises(error):
        broken_off(tmp_path / "losses.jsonl", error)
    assert steps(tmp_path / "losses.jsonl") == [1, 2, 3, 4]


def full(*_):
    raise OSError(28, "No space left on device")


def test_a_disk_that_fails_leaves_what_was_there_and_is_told_at_the_end(
    tmp_path, clock, monkeypatch, refused
):
    path = tmp_path / "losses.jsonl"
    path.write_text("an older file\n")
    monkeypatch.setattr(files.atomic_files, "write", full)
    with pytest.raises(KeyboardInterrupt):
        broken_off(path, KeyboardInterrupt)
    with (
        refused("^cannot write .*losses.jsonl: No space left on device"),
        MetricsFile(path) as observe,
    ):
        observe(report(2))
    assert path.read_text() == "an older file\n"


def test_a_disk_that_has_room_again_gets_all(tmp_path, clock, monkeypatch):
    with MetricsFile(tmp_path / "losses.jsonl") as observe:
        with monkeypatch.context() as patched:
            patched.setattr(files.atomic_files, "write", full)
            observe(report(2))
        observe(report(4))
    assert steps(tmp_path / "losses.jsonl") == [1, 2, 3, 4]
