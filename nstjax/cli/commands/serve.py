"""`nstjax serve`: a page in the browser."""

import importlib.util
from collections.abc import Sequence

from nstjax.cli.parsing.flags import parse
from nstjax.cli.parsing.serve_arguments import ServeArguments
from nstjax.cli.running.begin import begin
from nstjax.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    parsed = parse(ServeArguments, arguments, prog="nstjax serve", default=ServeArguments())
    if importlib.util.find_spec("gradio") is None:
        raise UserError('the page needs Gradio, which is not installed: pip install ".[web]"')
    begin()
    from nstjax.cli.running.serve_job import run_serve

    return run_serve(parsed)
