"""Since when a command runs."""

import time

_begun = [time.monotonic()]


def begin() -> None:
    """A command begins now: before all that it imports."""
    _begun[0] = time.monotonic()


def elapsed() -> float:
    """Seconds since it began."""
    return time.monotonic() - _begun[0]
