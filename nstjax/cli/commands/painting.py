"""What the commands that make pictures have in common."""

from collections.abc import Collection, Sequence

from nstjax.cli.parsing.arguments import Arguments
from nstjax.cli.parsing.boxes import parse_in_boxes
from nstjax.cli.parsing.defaults import default_arguments
from nstjax.cli.running.begin import begin


def run_painting(
    arguments: Sequence[str],
    kind: type[Arguments],
    *,
    command: str,
    preset: str,
    without: Collection[type],
) -> int:
    """Runs a command that makes a picture; returns the exit code.

    Args:
        arguments: what was typed behind the command's name.
        kind: the dataclass of its flags.
        command: its name.
        preset: what the settings begin with, where no flag says so.
        without: groups of settings that it has no flags for.
    """
    default = default_arguments(kind, preset, arguments)
    parsed = parse_in_boxes(arguments, prog=f"nstjax {command}", default=default, without=without)
    begin(parsed.run.hosts)
    # Imported here: `--help` and mistakes in flags should not wait for JAX, whose threads come with it.
    from nstjax.cli.running.job import run_job
    from nstjax.images.files.opening import keeping_pipes

    with keeping_pipes():
        return run_job(parsed)
