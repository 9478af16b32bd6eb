"""A command in a process of its own that starts at once: a fork of this one, with all imported."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from campaigns.scenes import without_painting

from nstjax.cli import main

LOG = Path("said.txt")  # in the working folder


def start(command: list[str], prepare: Callable[[], None] = lambda: None, *, paints: bool) -> int:
    """Starts a command behind `prepare`, which may set limits, and returns the number of its process.

    Unless it `paints`, pictures are noise. This process must not have used a device of JAX yet.
    """
    sys.stdout.flush()
    number = os.fork()
    if number:
        return number
    code = 70  # of a traceback
    try:
        said = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        with contextlib.nullcontext() if paints else without_painting():
            prepare()
            code = main(command)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
        os._exit(code)


def finish(number: int) -> int:
    """Waits for a process to end; its exit code, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def kill(number: int, seconds: float) -> int:
    """Ends a process with SIGKILL after so many seconds; as `finish`."""
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    return finish(number)
