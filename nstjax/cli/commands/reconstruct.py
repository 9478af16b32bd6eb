"""`nstjax reconstruct`: a picture in, what its feature maps know of it out."""

from collections.abc import Sequence

from nstjax.cli.commands.painting import run_painting
from nstjax.cli.parsing.arguments import ReconstructArguments
from nstjax.settings.groups import Color, Shape, Style


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    return run_painting(
        arguments,
        ReconstructArguments,
        command="reconstruct",
        preset="reconstruct",
        without=(Style, Color, Shape),
    )
