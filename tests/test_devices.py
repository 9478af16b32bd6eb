"""One picture over several devices: what one device computes, and hardly a word between them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nstjax.optimize import OPTIMIZERS

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def found():
    """What `reference/several_devices.py` says: JAX of this process has one device."""
    run = subprocess.run(
        [sys.executable, "-W", "error", TESTS / "reference/several_devices.py"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("way", "devices"),
    [
        ("content, 8", 8),
        ("content, 3", 3),
        ("content, 3 by 24", 3),
        ("nearest, 3", 3),
        ("nearest, 3 by 24", 3),
    ],
)
def test_loss_and_gradient_are_those_of_one_device(found, way, devices):
    """Of rows that do not divide, a soft region of a canvas, and the content said in either way."""
    case = found["evaluated"][way]
    assert case["devices"] == devices
    assert (case["tiles"] > 1) == ("by" in way)
    assert case["losses"] < 1e-5
    assert case["gradient"] < 1e-5


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("way", ["8", "3 by 24"])
def test_whole_pictures_are_those_of_one_device(found, optimizer, way):
    """Over two levels, of which the first is too low for eight devices."""
    case = found["painted"][f"{optimizer}, {way}"]
    assert case["error"] < 2e-5
    assert case["moved"] > 100 * case["error"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_hands_on_borders_and_sums_and_gathers_nothing(found, optimizer):
    counts = found["exchanges"][optimizer]
    assert counts["collective-permute"] > 0
    assert 1 <= counts["all-reduce"] <= 3
    assert counts["all-gather"] == counts["all-to-all"] == 0
