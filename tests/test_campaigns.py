"""The campaigns of faults, kills and limits in a short form: a few of their many trials."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from campaigns.faults import campaign

SHORT = """
import sys
sys.path.insert(0, sys.argv[1])
from campaigns import kills, limits, resumes
found = kills.campaign(["stylize"], 4, 0, painted=False)
assert not found["wrong"], found
found = resumes.campaign(4, 0, ["adam"])
assert found["kills"] >= 4 and not found["wrong"], found
found = list(limits.limited(2))
assert len(found) == 12 and not any(wrong for *_, wrong in found), found
"""


@pytest.mark.parametrize(
    ("numbers", "error", "for_good"),
    [(range(0, 60, 13), errno.ENOSPC, False), (range(4, 60, 21), errno.EIO, True)],
)
def test_a_call_that_fails_loses_nothing_and_is_told(
    tmp_path, monkeypatch, numbers, error, for_good
):
    monkeypatch.chdir(tmp_path)
    found = list(campaign(numbers, [error], [for_good]))
    assert not [each for each in found if each[-1]]
    assert {"open", "write", "fsync", "replace"} & {call for _, call, *_ in found}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks and limits here")
def test_kills_and_limits_lose_nothing(tmp_path):
    """In a process of its own: one that has painted cannot be forked."""
    done = subprocess.run(
        [sys.executable, "-c", SHORT, str(Path(__file__).parent)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
