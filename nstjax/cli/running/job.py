"""One picture from files to a file, with everything that a person sees meanwhile."""

import contextlib
import functools
from pathlib import Path

import jax
import numpy as np

from nstjax.cli import clock
from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.files.inputs import Inputs, longest_style, read_inputs
from nstjax.cli.files.named_files import check_outputs, find_files
from nstjax.cli.files.resumed import settings_of
from nstjax.cli.files.speeds import Stopwatch, kind_of_step
from nstjax.cli.parsing.arguments import Arguments
from nstjax.cli.parsing.durations import seconds_of
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.cli.running.interrupt import InterruptFlag
from nstjax.cli.running.observers import Observers, Write
from nstjax.cli.running.planning import plan_lines
from nstjax.cli.running.progress import ProgressBar
from nstjax.cli.running.speech import Speech
from nstjax.errors import UserError
from nstjax.machine.hosts import any_of_hosts, is_first
from nstjax.plan import make_plan
from nstjax.result import Progress, Result
from nstjax.session import Session
from nstjax.session.checkpoint import Checkpoint
from nstjax.settings import Settings, changed_settings

# Seconds that are left to write the picture and to end: always, and for a megapixel.
LEAST_ENDING, ENDING = 0.5, 0.5
LATE = 1.1  # of a budget


def run_job(arguments: Arguments, kept: Checkpoint | None = None) -> int:
    """Makes the picture and writes it; returns the exit code.

    Everything that can be checked is checked before the work begins. A signal ends it with the picture
    so far, which is written all the same. `kept` is where an earlier run is taken up.
    """
    is_writer = not arguments.run.hosts or is_first()
    speech = Speech(quiet=arguments.run.quiet or not is_writer)
    check_outputs(arguments)
    begun_with = [arguments.settings if kept is None else kept.settings]
    files = find_files(arguments, [arguments.settings])
    inputs = larger = read_inputs(arguments, files, begun_with)
    if kept is not None and _needs_more(arguments.settings, kept.settings):
        # Only now: of a large JPEG the checkpoint knows what was read for a smaller picture.
        larger = read_inputs(arguments, files, [arguments.settings])
    write = functools.partial(inputs.write, recipe=inputs.recipe(arguments.settings))
    if not is_writer:  # the first host is, for all; the others only have a part of the picture
        write = _write_nothing
    keep_programs()
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_device(inputs.tools.device))
        transfer = inputs.prepare(*begun_with)
        if arguments.run.hosts and not transfer.spread.spans_hosts:
            raise UserError("--hosts is for a picture on --devices all, or for nstjax batch")
        session = Session.of(transfer, larger.prepare)
        _introduce(speech, inputs)
        if arguments.run.plan:
            plan = make_plan(transfer.work(), transfer.spread.room())
            for line in plan_lines(plan, arguments, inputs.tools):
                speech.warn(line)
            return SUCCESS
        report_every = 0 if kept is None else _take_up(session, kept, arguments, speech)
        observers = stack.enter_context(
            Observers(inputs, session, write, is_writer=is_writer, report_every=report_every)
        )
        remarks = _paint(session, inputs, observers, speech, write)
    for line in remarks:
        speech.warn(line)
    if observers.failures:
        raise observers.failures[0]
    return SUCCESS


def _needs_more(settings: Settings, before: Settings) -> bool:
    """Whether the pictures have to be read larger than for other settings."""
    sides = [(each.size, longest_style(each)) for each in (settings, before)]
    return any(now > then for now, then in zip(*sides, strict=True))


def _introduce(speech: Speech, inputs: Inputs) -> None:
    for line in inputs.remarks:
        speech.warn(line)
    for line in inputs.tools.introduction(inputs.arguments):
        speech.say(line)


def _take_up(session: Session, kept: Checkpoint, arguments: Arguments, speech: Speech) -> int:
    """Goes on from a checkpoint, with what the flags change; returns how often it was to report."""
    session.take_up(kept)
    if kept.remark:
        speech.warn(kept.remark)
    again = session.change(**changed_settings(settings_of(kept), arguments.settings))
    if session.done:
        speech.say("all steps are done already: with another setting it goes on")
    else:
        speech.say(f"goes on after {len(session.history.total)} steps")
    if again:
        speech.say(f"the level starts again from the picture, for {', '.join(again)}")
    return kept.about["report_every"]


def _paint(
    session: Session, inputs: Inputs, observers: Observers, speech: Speech, write: Write
) -> list[str]:
    """Makes the picture and writes it; what is to be said of it at the end."""
    arguments = inputs.arguments
    stopwatch = Stopwatch(kind_of_step(arguments, inputs.tools))
    spans_hosts = session.transfer.spread.spans_hosts
    with (
        InterruptFlag(quiet=arguments.run.quiet) as interrupted,
        ProgressBar(speech.console) as show,
    ):
        if len(session.history.total):  # from a checkpoint
            interrupted.has_result()

        def on_progress(progress: Progress) -> bool:
            interrupted.has_result()
            show(progress)
            stopwatch(progress)
            for line in progress.told:
                speech.say(line)
            observers(progress)
            return any_of_hosts(interrupted.is_set) if spans_hosts else interrupted.is_set

        budget = _time_left(arguments, session)
        session.go_on(on_progress, observers.report_every, time_budget=budget)
        observers.catch_up()
        result = session.result()
        interrupted.is_saving()
        stopwatch.save()
        remark = write(arguments.output, result.image)
        observers.write_checkpoint()
    _conclude(speech, arguments, result)
    return [line for line in (remark, result.remark, _lateness(arguments)) if line]


def _conclude(speech: Speech, arguments: Arguments, result: Result) -> None:
    height, width = result.image.shape[:2]
    how = "stopped early, " if result.stopped else ""
    speech.say(f"wrote {arguments.output} ({how}{width}x{height}, {clock.elapsed():.0f} s)")
    if result.stopped and arguments.run.checkpoint is not None:
        speech.say(f"nstjax resume {arguments.run.checkpoint} goes on from there")


def _lateness(arguments: Arguments) -> str:
    """What is to be said of a budget that did not suffice; empty if it did."""
    text = arguments.run.time_budget
    if not text or clock.elapsed() <= LATE * seconds_of(text, "time_budget"):
        return ""
    return f"the time budget of {text} did not suffice: it took {clock.elapsed():.0f} s"


def _time_left(arguments: Arguments, session: Session) -> float | None:
    """Seconds for all steps; None: as many as they take.

    Raises `UserError` where there are none left.
    """
    text = arguments.run.time_budget
    if not text:
        return None
    ending = LEAST_ENDING + ENDING * session.transfer.levels[-1].pixels / 1e6
    left = seconds_of(text, "time_budget") - clock.elapsed() - ending
    if left <= 0:
        raise UserError(
            f"time_budget is {text!r}, and before the first step {clock.elapsed():.0f} s are gone: give "
            "more"
        )
    return left


def _write_nothing(path: Path, pixels: np.ndarray) -> str:
    del path, pixels
    return ""
