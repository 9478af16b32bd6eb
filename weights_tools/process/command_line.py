"""A command as the whole of a process."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from weights_tools.process import signals, streams

_SUCCESS = 0


def run_alone(command: Callable[[], int]) -> int:
    """Run a command that the process is there for, and return its exit code.

    To be called before anything heavy is imported: from here on a signal ends the process without a
    traceback. What `command` prints reaches standard output, or an error says that it did not; a
    reader that has seen enough is none.
    """
    streams.prepare()
    caught = signals.catch_for_good()
    code = _run(command)
    caught.wait_for_end()
    outcome = caught.outcome(code)
    if outcome != code:
        # The interpreter's own end would wait for threads: nobody should have to.
        sys.stderr.flush()
        os._exit(outcome)
    caught.has_result = True  # there is nothing more to be lost, nor to be said
    caught.notice = ""
    return code


def _run(command: Callable[[], int]) -> int:
    try:
        try:
            code = command()
        except SystemExit as stop:  # after `--help`
            code = stop.code if isinstance(stop.code, int) else _SUCCESS
        streams.flush()
    except streams.OutputError as error:
        streams.drop()
        # As `| head` does. Windows has no EPIPE here.
        if error.errno in (errno.EPIPE, errno.EINVAL):
            return _SUCCESS
        print(f"error: the output cannot be written: {error.strerror}", file=sys.stderr)
        return signals.FAILURE
    return code
