"""Memory kept by the process: in processes of their own, since it cannot be undone."""

import platform
import subprocess
import sys

import pytest

from nstjax.cli.running import keep_memory

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc's")

# A thread, as XLA's are, takes 64 MiB ten times, and tells the page faults of the last eight.
TRIED = """
import resource, sys, threading
import numpy as np
if sys.argv[1] == "keep":
    from nstjax.cli.running.keep_memory import keep_memory
    keep_memory(int(sys.argv[2]))

def work():
    for turn in range(10):
        np.ones(2**26, np.uint8)
        if turn == 1:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def faults(way, size=0, **environment):
    ran = subprocess.run(
        [sys.executable, "-c", TRIED, way, str(size)],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONPATH": ".", **environment},
    )
    return int(ran.stdout)


def test_pages_are_taken_once():
    assert faults("keep") < 100 < faults("leave")


def test_where_memory_is_scarce_it_is_given_back():
    assert faults("keep", size=2**20) > 100


def test_what_the_user_has_tuned_stays():
    assert faults("keep", GLIBC_TUNABLES="glibc.malloc.check=0") > 100


def test_elsewhere_it_does_nothing(monkeypatch):
    for error in (AttributeError, OSError, TypeError):
        monkeypatch.setattr(keep_memory.ctypes, "CDLL", raising(error))
        keep_memory.keep_memory(0)


def raising(error):
    def fail(_):
        raise error

    return fail
