"""`nstjax sweep`: one picture in many settings, on one sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from nstjax.cli.arguments import StylizeArguments
from nstjax.cli.boxes import parse_in_boxes
from nstjax.cli.defaults import default_arguments
from nstjax.cli.grid import make_grid
from nstjax.cli.keep_memory import keep_memory
from nstjax.cli.over import parse_over, settings_of
from nstjax.errors import UserError
from nstjax.settings.groups import Shape

SMALLEST_THUMBNAIL = 16  # pixels


@dataclass(frozen=True, kw_only=True)
class SweepArguments(StylizeArguments):
    """Paints the content picture in all combinations of some settings, and puts them on one sheet."""

    over: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]],
        tyro.conf.arg(
            metavar="NAME=VALUE,VALUE,...",
            help="a setting and its values, once for each setting; + joins the layers of a value",
        ),
    ] = ()
    thumbnail: int = 320  # long side of a picture on the sheet, at most
    at_once: int = 0  # pictures that are painted together; 0: as many as are useful and fit

    def __post_init__(self):
        super().__post_init__()
        if self.thumbnail < SMALLEST_THUMBNAIL:
            raise UserError(
                f"thumbnail is {self.thumbnail}: give at least {SMALLEST_THUMBNAIL} pixels"
            )
        if self.at_once < 0:
            raise UserError(f"at_once is {self.at_once}: give at least 0")


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    without = (Shape,)
    default = default_arguments(SweepArguments, "default", arguments)
    parsed = parse_in_boxes(arguments, prog="nstjax sweep", default=default, without=without)
    if parsed.run.save_every or parsed.run.metrics:
        raise UserError("--save-every and --metrics are for a single picture: leave them out")
    grid = make_grid(parsed.settings, parse_over(parsed.over, settings_of(without)))
    keep_memory(max(cell.settings.size for cell in grid.cells))
    # Imported here: `--help` and mistakes in flags should not wait for JAX, whose threads come with it.
    from nstjax.cli.sweep_job import run_sweep

    return run_sweep(parsed, grid)
