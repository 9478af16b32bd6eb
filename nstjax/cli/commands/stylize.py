"""`nstjax stylize`: pictures in, a picture out."""

from collections.abc import Sequence

from nstjax.cli.commands.painting import run_painting
from nstjax.cli.parsing.arguments import StylizeArguments
from nstjax.settings.groups import Shape


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    return run_painting(
        arguments, StylizeArguments, command="stylize", preset="default", without=(Shape,)
    )
