"""`nstjax weights`: the commands of `weights_tools`."""

from collections.abc import Sequence

from weights_tools.__main__ import main


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    return main(list(arguments), prog="nstjax weights")
