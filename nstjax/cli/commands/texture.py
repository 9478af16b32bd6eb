"""`nstjax texture`: style pictures in, a picture without content out."""

from collections.abc import Sequence

from nstjax.cli.commands.painting import run_painting
from nstjax.cli.parsing.arguments import TextureArguments
from nstjax.settings.groups import Color, Content


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    return run_painting(
        arguments, TextureArguments, command="texture", preset="texture", without=(Content, Color)
    )
