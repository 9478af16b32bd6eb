"""A batch from files to files: what cannot be painted is told at the end, and stops nothing."""

import time

import jax

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.files.album import Album
from nstjax.cli.files.batch_files import BatchFiles, Pair, find_batch_files
from nstjax.cli.files.batch_plan import BatchPlan
from nstjax.cli.files.inputs import Tools, find_tools, spread_of
from nstjax.cli.parsing.arguments import BatchArguments
from nstjax.cli.running.album_job import paint_album, tell_unfinished
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.cli.running.planning import album_plan_lines
from nstjax.cli.running.speech import Speech
from nstjax.errors import UserError
from nstjax.images import read_shape
from nstjax.prepare import Transfer, check_settings
from nstjax.settings import Settings
from nstjax.together import Program, expected_program, plan_all


def run_batch(arguments: BatchArguments) -> int:
    """Makes the pictures that are not there yet, their index and the sheet; returns the exit code.

    What concerns all pictures is checked before the work begins.

    Raises `UserError` at the end, where pictures could not be made.
    """
    quiet = arguments.run.quiet
    speech = Speech(quiet=quiet)
    started = time.monotonic()
    settings = arguments.settings
    files = find_batch_files(arguments)
    files.album.check(
        [pair.name for pair in files.pairs],
        bit_depth=arguments.run.bit_depth,
        long_side=settings.size,
    )
    tools = find_tools(arguments)
    keep_programs()
    with jax.default_device(tools.device):
        check_settings(settings, 1, tools.weights.architecture)
        programs = _expected_programs(files, settings, tools)
        shapes = [None if each is None else each.levels[-1][:2] for each in programs.values()]
        plan = BatchPlan(arguments, files, tools, shapes)
        album = Album(plan)
        for line in files.remarks:
            speech.warn(line)
        for line in tools.introduction(arguments):
            speech.say(line)

        def prepare(pair: Pair) -> Transfer:
            return plan.open(pair).prepare(settings)

        devices = max(1, len(spread_of(arguments.run).devices))
        if arguments.run.plan:
            batches = plan_all(
                files.pairs, programs, prepare, at_once=arguments.at_once, devices=devices
            )
            for line in album_plan_lines(batches, arguments, tools):
                speech.warn(line)
            return SUCCESS
        paint_album(
            album,
            programs,
            prepare,
            at_once=arguments.at_once,
            devices=devices,
            quiet=quiet,
            speech=speech,
            after_batch=plan.close_all,
        )
    if plan.sheet is None:
        speech.warn(f"{files.album.sheet} is not made: {album.count} pictures have no room on it")
    for line in (*plan.remarks, *album.remarks):
        speech.warn(line)
    _tell_failed(album, speech)
    if tell_unfinished(album, speech):
        return SUCCESS
    if album.failed:
        raise UserError(
            f"{len(album.failed)} of {album.count} pictures could not be made, as told above; the "
            "others are finished"
        )
    seconds = time.monotonic() - started
    speech.say(f"wrote {arguments.output} ({album.count} pictures, {seconds:.0f} s)")
    return SUCCESS


def _expected_programs(
    files: BatchFiles, settings: Settings, tools: Tools
) -> dict[Pair, Program | None]:
    """What each picture's program will be, from the beginnings of the files."""
    named = {file for pair in files.pairs for file in (pair.content, pair.style)}
    shapes = {file: read_shape(file) for file in named}
    return {
        pair: expected_program(
            shapes[pair.content], [shapes[pair.style]], settings, tools.weights.architecture
        )
        for pair in files.pairs
    }


def _tell_failed(album: Album[Pair], speech: Speech) -> None:
    """A line for each file that cannot be painted, whatever it was to be painted with."""
    lines = {}
    for pair, why in album.failed.items():
        names_a_file = str(pair.content) in why or str(pair.style) in why
        lines[why if names_a_file else f"{pair.about}: {why}"] = None
    for line in lines:
        speech.warn(line)
