"""`nstjax stylize`: pictures in, a picture out."""

from collections.abc import Sequence

from nstjax.cli.boxes import parse_in_boxes
from nstjax.cli.defaults import default_arguments

PROG = "nstjax stylize"


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    parsed = parse_in_boxes(arguments, prog=PROG, default=default_arguments(arguments))
    # Imported here: `--help` and mistakes in flags should not wait for JAX.
    from nstjax.cli.job import run_job

    return run_job(parsed)
