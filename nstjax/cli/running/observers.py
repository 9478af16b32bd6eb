"""Everything that is written beside a picture while it is made."""

import contextlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nstjax.cli.files.beside.checkpoints import CheckpointFile
from nstjax.cli.files.beside.film import Film
from nstjax.cli.files.beside.metrics import MetricsFile
from nstjax.cli.files.beside.snapshots import Snapshots
from nstjax.cli.files.inputs import Inputs
from nstjax.cli.files.resumed import about_command
from nstjax.cli.parsing.durations import seconds_of
from nstjax.errors import UserError
from nstjax.result import Progress
from nstjax.session import Session

Write = Callable[[Path, np.ndarray], str]


class Observers:
    """While entered, what the flags ask for is written; a failure of it costs the picture nothing.

    Args:
        inputs: what the picture is made from.
        session: which makes it.
        write: writes a picture.
        is_writer: whether this host is the one that writes.
        report_every: how many steps there may be between two reports, where that is known already.
    """

    def __init__(
        self,
        inputs: Inputs,
        session: Session,
        write: Write,
        *,
        is_writer: bool = True,
        report_every: int = 0,
    ):
        self.failures: list[UserError] = []
        self._session, self._stack = session, contextlib.ExitStack()
        self._arguments = inputs.arguments
        run, spans_hosts = inputs.arguments.run, session.transfer.spread.spans_hosts
        self._observers: list[Callable[[Progress], None]] = []
        self._checkpoints: CheckpointFile | None = None
        self.report_every = math.gcd(run.save_every, report_every)
        if run.metrics is not None and is_writer:
            self._add(MetricsFile(run.metrics))
        if run.save_film is not None:
            path, levels = run.save_film if is_writer else None, session.transfer.levels
            film = self._add(Film(path, levels, spans_hosts=spans_hosts))
            if not run.time_budget:  # with which chunks end where they can
                self.report_every = math.gcd(self.report_every, film.report_every)
        if run.save_every:
            output = inputs.arguments.output
            self._add(Snapshots(output, run.save_every, write, spans_hosts=spans_hosts))
        if run.checkpoint is not None:
            about = about_command(inputs.arguments, inputs, self.report_every)
            every = seconds_of(run.checkpoint_every, "checkpoint_every")
            self._checkpoints = self._add(CheckpointFile(run.checkpoint, every, session, about))

    def _add(self, observer):
        self._observers.append(self._stack.enter_context(observer))
        return observer

    def __enter__(self) -> "Observers":
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.__exit__(*raised)  # type: ignore[arg-type]

    def __call__(self, progress: Progress) -> None:
        """Tells all of them how far the work is."""
        for observe in tuple(self._observers):
            try:
                observe(progress)
            except UserError as error:  # the picture matters more than its side files
                self._observers.remove(observe)
                self.failures.append(error)

    def catch_up(self) -> None:
        """Finishes the steps that are under way, which a checkpoint needs, and tells of them."""
        if self._checkpoints is not None:
            before = self._session.progress
            self._session.settle()
            if self._session.progress is not before and self._session.progress is not None:
                self(self._session.progress)

    def write_checkpoint(self) -> None:
        """Writes the last checkpoint, where one was asked for."""
        if self._checkpoints is not None:
            try:
                self._checkpoints.finish()
            except UserError as error:
                self.failures.append(error)
