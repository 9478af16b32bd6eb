"""`nstjax explain`: how a picture was made, as a file that `stylize --settings` takes."""

import codecs
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.parsing.defaults import recipe_of
from nstjax.cli.parsing.flags import parse
from nstjax.cli.parsing.settings_file import left_out, to_toml
from nstjax.printable import printable
from nstjax.settings.presets import PRESETS


@dataclass(frozen=True, kw_only=True)
class ExplainArguments:
    """Prints the settings that a picture was made with, as TOML for `stylize --settings`."""

    picture: tyro.conf.Positional[Path]  # a picture that nstjax has made


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    nothing = ExplainArguments(picture=tyro.MISSING)
    parsed = parse(ExplainArguments, arguments, prog="nstjax explain", default=nothing)
    recipe = recipe_of(parsed.picture)
    # TOML is UTF-8: what comes out of any other stream must be ASCII, which nearly all have in common.
    in_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    lines = to_toml(recipe, PRESETS[recipe.preset], only_ascii=not in_utf8)
    print("\n".join(lines))
    for name, text in left_out(recipe).items():
        print(f"left out, since TOML cannot hold it: {name} {printable(text)}", file=sys.stderr)
    return SUCCESS
