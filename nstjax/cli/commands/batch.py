"""`nstjax batch`: many pictures in many styles, into a folder."""

from collections.abc import Sequence

from nstjax.cli.parsing.arguments import BatchArguments, check_many
from nstjax.cli.parsing.boxes import parse_in_boxes
from nstjax.cli.parsing.defaults import default_arguments
from nstjax.cli.running.begin import begin
from nstjax.errors import UserError
from nstjax.settings.groups import Shape


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    default = default_arguments(BatchArguments, "default", arguments)
    parsed = parse_in_boxes(arguments, prog="nstjax batch", default=default, without=(Shape,))
    check_many(parsed.run)
    if parsed.like:
        raise UserError(
            f"--like is for a single picture: write nstjax explain {parsed.like} > like.toml, and give "
            "--settings like.toml"
        )
    begin(parsed.run.hosts)
    # Imported here: `--help` and mistakes in flags should not wait for JAX, whose threads come with it.
    from nstjax.cli.running.batch_job import run_batch
    from nstjax.images.files.opening import keeping_pipes

    with keeping_pipes():
        return run_batch(parsed)
