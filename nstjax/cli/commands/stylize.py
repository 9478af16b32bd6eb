"""`nstjax stylize`: pictures in, a picture out."""

from collections.abc import Sequence

from nstjax.cli.commands.painting import run_painting


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    return run_painting("stylize", arguments)
