"""What the commands that make a picture have in common."""

from collections.abc import Sequence

from nstjax.cli.parsing.boxes import parse_in_boxes
from nstjax.cli.parsing.defaults import default_arguments
from nstjax.cli.parsing.kinds import KINDS
from nstjax.cli.running.begin import begin


def run_painting(command: str, arguments: Sequence[str]) -> int:
    """Runs a command of `KINDS` with what was typed behind its name; returns the exit code."""
    kind = KINDS[command]
    default = default_arguments(kind.arguments, kind.preset, arguments)
    parsed = parse_in_boxes(
        arguments, prog=f"nstjax {command}", default=default, without=kind.without
    )
    begin(parsed.run.hosts)
    # Imported here: `--help` and mistakes in flags should not wait for JAX, whose threads come with it.
    from nstjax.cli.running.job import run_job
    from nstjax.images.files.opening import keeping_pipes

    with keeping_pipes():
        return run_job(parsed)
