"""`nstjax resume`: a picture goes on from its checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from nstjax.cli.parsing.boxes import parse_in_boxes
from nstjax.cli.parsing.flags import parse
from nstjax.cli.parsing.kinds import KINDS
from nstjax.cli.running.begin import begin
from nstjax.errors import UserError

NEW = ("--preset", "--settings", "--like")  # what a picture begins with


@dataclass(frozen=True, kw_only=True)
class ResumeArguments:
    """Goes on with a picture, with other values of its flags if they stand behind the file.

    `nstjax resume FILE --help` lists them.
    """

    checkpoint: tyro.conf.Positional[Path]  # a file that --checkpoint has written


def run(arguments: Sequence[str]) -> int:
    """Runs the command with the arguments behind its name; returns the exit code."""
    if not arguments or arguments[0].startswith("-"):
        if arguments and not {"-h", "--help"}.isdisjoint(arguments):
            nothing = ResumeArguments(checkpoint=tyro.MISSING)
            parse(ResumeArguments, ["--help"], prog="nstjax resume", default=nothing)
        raise UserError("no checkpoint was given: name it first, nstjax resume FILE ...")
    file, *others = arguments
    for flag in NEW:
        if _is_given(flag, others):
            raise UserError(f"{flag} is for a new picture: behind resume give single settings")
    begin()
    from nstjax.cli.files.resumed import resumed_arguments
    from nstjax.cli.running.job import run_job
    from nstjax.session.checkpoint import read_checkpoint

    kept = read_checkpoint(Path(file))
    command, default = resumed_arguments(kept, Path(file))
    if _is_given("--time-budget", others):  # with which there are no pictures at certain steps
        default = replace(default, run=replace(default.run, save_every=0))
    parsed = parse_in_boxes(
        others, prog=f"nstjax resume {file}", default=default, without=KINDS[command].without
    )
    for flag in ("hosts", "plan"):
        if getattr(parsed.run, flag):
            raise UserError(f"--{flag} is for a new picture: leave it out")
    for written in (parsed.output, parsed.run.metrics, parsed.run.save_film):
        if written is not None and written.exists() and written.samefile(file):
            raise UserError(f"{written} is the checkpoint that goes on: name another file")
    if parsed.output != default.output and parsed.run.checkpoint == default.run.checkpoint:
        parsed = replace(parsed, run=replace(parsed.run, checkpoint=None))  # a try: that one stays
    return run_job(parsed, kept)


def _is_given(flag: str, arguments: Sequence[str]) -> bool:
    return any(each.partition("=")[0] == flag for each in arguments)
