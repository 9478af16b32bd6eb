"""`nstjax stylize`: pictures in, a picture out."""

from collections.abc import Sequence

from nstjax.cli.arguments import StylizeArguments
from nstjax.cli.painting import run_painting
from nstjax.settings.groups import Shape


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    return run_painting(
        arguments, StylizeArguments, command="stylize", preset="default", without=(Shape,)
    )
