"""`nstjax demo`: a picture without any file of one's own."""

import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nstjax.cli.parsing.arguments import Run, StylizeArguments
from nstjax.cli.parsing.flags import parse
from nstjax.cli.running.begin import begin
from nstjax.settings import Settings

SIZE = 448  # about a minute on two CPU cores


@dataclass(frozen=True, kw_only=True)
class DemoArguments:
    """Paints the bundled photograph in the style of the bundled picture."""

    quiet: bool = False  # no progress bar


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    parsed = parse(DemoArguments, arguments, prog="nstjax demo", default=DemoArguments())
    begin()
    from nstjax.cli.running.job import run_job

    pictures = importlib.resources.files("nstjax") / "demo"
    with (
        importlib.resources.as_file(pictures / "content.jpg") as content,
        importlib.resources.as_file(pictures / "style.jpg") as style,
    ):
        return run_job(
            StylizeArguments(
                content=content,
                styles=(style,),
                output=Path("nstjax_demo.png"),
                settings=Settings(size=SIZE),
                run=Run(quiet=parsed.quiet),
            )
        )
