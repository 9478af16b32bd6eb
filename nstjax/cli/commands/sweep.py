"""`nstjax sweep`: one picture in many settings, on one sheet."""

from collections.abc import Sequence

from nstjax.cli.parsing.arguments import SweepArguments, check_many
from nstjax.cli.parsing.boxes import parse_in_boxes
from nstjax.cli.parsing.defaults import default_arguments
from nstjax.cli.parsing.grid import make_grid
from nstjax.cli.parsing.over import parse_over, settings_of
from nstjax.cli.running.begin import begin
from nstjax.settings.groups import Shape


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    without = (Shape,)
    default = default_arguments(SweepArguments, "default", arguments)
    parsed = parse_in_boxes(arguments, prog="nstjax sweep", default=default, without=without)
    check_many(parsed.run)
    grid = make_grid(parsed.settings, parse_over(parsed.over, settings_of(without)))
    begin(parsed.run.hosts)
    # Imported here: `--help` and mistakes in flags should not wait for JAX, whose threads come with it.
    from nstjax.cli.running.sweep_job import run_sweep
    from nstjax.images.files.opening import keeping_pipes

    with keeping_pipes():
        return run_sweep(parsed, grid)
