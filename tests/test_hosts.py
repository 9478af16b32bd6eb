"""A picture that spans two hosts: two processes with four forced devices each."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nstjax.machine.hosts import join

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """What both have in the end."""
    file = tmp_path_factory.mktemp("hosts") / "picture"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = TESTS / "reference/two_hosts.py"
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    runs = [
        subprocess.Popen(
            [sys.executable, script, str(number), str(port), file],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )
        for number in range(2)
    ]
    errors = [run.communicate(timeout=400)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors
    return [np.load(f"{file}.{number}.npz") for number in range(2)]


def test_both_hosts_have_the_same_picture(painted):
    first, second = painted
    np.testing.assert_array_equal(first["together"], second["together"])


def test_it_is_that_of_one_device(painted):
    together, alone = painted[0]["together"], painted[0]["alone"]
    assert np.abs(together - alone).max() < 2e-5


@pytest.mark.parametrize(
    "hosts", ["", "here", "a:1", "a:1,2", "a:1,2,2", "a:b,0,2", ":1,0,2", "a:1,x,2"]
)
def test_hosts_that_cannot_be_read_are_refused(hosts, refused):
    with refused("ADDRESS:PORT,NUMBER,COUNT"):
        join(hosts)
