"""One picture from files to a file, with everything that a person sees meanwhile."""

import contextlib
import functools
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.files.inputs import read_inputs
from nstjax.cli.files.metrics import MetricsFile
from nstjax.cli.files.named_files import check_outputs, find_files
from nstjax.cli.files.snapshots import Snapshots
from nstjax.cli.files.speeds import Stopwatch, kind_of_step
from nstjax.cli.parsing.arguments import Arguments
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.cli.running.interrupt import InterruptFlag
from nstjax.cli.running.planning import plan_lines
from nstjax.cli.running.progress import ProgressBar
from nstjax.cli.running.speech import Speech
from nstjax.errors import UserError
from nstjax.machine.hosts import any_of_hosts, is_first
from nstjax.plan import make_plan
from nstjax.result import Progress
from nstjax.session import Session


def run_job(arguments: Arguments) -> int:
    """Makes the picture and writes it; returns the exit code.

    Everything that can be checked is checked before the work begins. A signal ends it with the picture
    so far, which is written all the same.
    """
    is_writer = not arguments.run.hosts or is_first()
    speech = Speech(quiet=arguments.run.quiet or not is_writer)
    started = time.monotonic()
    check_outputs(arguments)
    several = [arguments.settings]
    inputs = read_inputs(arguments, find_files(arguments, several), several)
    save = functools.partial(inputs.write, recipe=inputs.recipe(arguments.settings))
    if not is_writer:  # the first host is, for all; the others only have a part of the picture
        save = _save_nothing
    keep_programs()
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_device(inputs.tools.device))
        transfer = inputs.prepare(arguments.settings)
        if arguments.run.hosts and not transfer.spread.spans_hosts:
            raise UserError("--hosts is for a picture on --devices all, or for nstjax batch")
        observers: list[Callable[[Progress], None]] = []
        if arguments.run.metrics is not None and is_writer:
            observers.append(stack.enter_context(MetricsFile(arguments.run.metrics)))
        if arguments.run.save_every:
            snapshots = Snapshots(arguments.output, arguments.run.save_every, save)
            observers.append(stack.enter_context(snapshots))
        for line in inputs.remarks:
            speech.warn(line)
        for line in inputs.tools.introduction(arguments):
            speech.say(line)
        if arguments.run.plan:
            work = transfer.work()
            plan = make_plan(work, transfer.spread.room())
            for line in plan_lines(plan, arguments, inputs.tools):
                speech.warn(line)
            return SUCCESS
        session = Session.of(transfer, inputs.prepare)
        stopwatch = Stopwatch(kind_of_step(arguments, inputs.tools))
        interrupted = stack.enter_context(InterruptFlag(quiet=arguments.run.quiet))
        failures: list[UserError] = []

        with ProgressBar(speech.console) as show:

            def on_progress(progress: Progress) -> bool:
                interrupted.has_result()
                show(progress)
                stopwatch(progress)
                for line in progress.told:
                    speech.say(line)
                for observe in tuple(observers):
                    try:
                        observe(progress)
                    except UserError as error:  # the picture matters more than its side files
                        observers.remove(observe)
                        failures.append(error)
                if transfer.spread.spans_hosts:
                    return any_of_hosts(interrupted.is_set)
                return interrupted.is_set

            result = session.run(on_progress, arguments.run.save_every)
        interrupted.is_saving()
        stopwatch.save()
        remark = save(arguments.output, result.image)
        height, width = result.image.shape[:2]
        seconds = time.monotonic() - started
        how = "stopped early, " if result.stopped else ""
        speech.say(f"wrote {arguments.output} ({how}{width}x{height}, {seconds:.0f} s)")
    for line in filter(None, (remark, result.remark)):
        speech.warn(line)
    if failures:
        raise failures[0]
    return SUCCESS


def _save_nothing(path: Path, pixels: np.ndarray) -> str:
    del path, pixels
    return ""
