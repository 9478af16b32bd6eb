"""`nstjax explain`: how a picture was made, as a file that `stylize --settings` takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.parsing.defaults import recipe_of
from nstjax.cli.parsing.flags import parse
from nstjax.cli.parsing.settings_file import to_toml
from nstjax.presets import PRESETS


@dataclass(frozen=True, kw_only=True)
class ExplainArguments:
    """Prints the settings that a picture was made with, as TOML for `stylize --settings`."""

    picture: tyro.conf.Positional[Path]  # a picture that nstjax has made


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    nothing = ExplainArguments(picture=tyro.MISSING)
    parsed = parse(ExplainArguments, arguments, prog="nstjax explain", default=nothing)
    recipe = recipe_of(parsed.picture)
    print("\n".join(to_toml(recipe, PRESETS[recipe.preset])))
    return SUCCESS
