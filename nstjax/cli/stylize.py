"""`nstjax stylize`: pictures in, a picture out."""

import argparse
from collections.abc import Sequence

import tyro

from nstjax.cli.arguments import Arguments
from nstjax.cli.flags import parse
from nstjax.errors import UserError
from nstjax.presets import PRESETS

PROG = "nstjax stylize"


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    preset = _preset(arguments)
    defaults = Arguments(
        content=tyro.MISSING,
        styles=tyro.MISSING,
        output=tyro.MISSING,
        preset=preset,
        settings=PRESETS[preset],
    )
    parsed = parse(Arguments, arguments, prog=PROG, default=defaults)
    # Imported here: `--help` and mistakes in flags should not wait for JAX.
    from nstjax.cli.job import run_job

    return run_job(parsed)


def _preset(arguments: Sequence[str]) -> str:
    """The preset, ahead of the other flags: it decides their defaults."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--preset", nargs="?", default="default")
    name = early.parse_known_args(arguments)[0].preset
    if name not in PRESETS:
        raise UserError(f"unknown preset {name!r}: use one of {', '.join(PRESETS)}")
    return name
