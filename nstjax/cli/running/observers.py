"""Everything that is written beside a picture while it is made."""

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
        self._inputs, self._session, self._write = inputs, session, write
        self._is_writer = is_writer
        self._observers: list[Any] = []
        self._checkpoints: CheckpointFile | None = None
        run = inputs.arguments.run
        # By the clock chunks end where they can.
        self.report_every = 0 if run.time_budget else math.gcd(run.save_every, report_every)

    def __enter__(self) -> "Observers":
        with contextlib.ExitStack() as stack:
            for observer in self._asked_for():
                self._observers.append(stack.enter_context(observer))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.__exit__(*raised)  # type: ignore[arg-type]

    def _asked_for(self) -> Iterator[Any]:
        """Who is to be told, as the flags say."""
        arguments, session = self._inputs.arguments, self._session
        run, transfer = arguments.run, session.transfer
        spans_hosts = transfer.spread.spans_hosts
        if run.metrics is not None and self._is_writer:
            yield MetricsFile(run.metrics)
        if run.save_film is not None:
            path = run.save_film if self._is_writer else None
            film = Film(path, transfer.levels, spans_hosts=spans_hosts)
            self.report_every = math.gcd(self.report_every, film.report_every)
            yield film
        if run.save_every:
            yield Snapshots(arguments.output, run.save_every, self._write, spans_hosts=spans_hosts)
        if run.checkpoint is not None:
            about = about_command(arguments, self._inputs, self.report_every)
            every = seconds_of(run.checkpoint_every, "checkpoint_every")
            self._checkpoints = CheckpointFile(run.checkpoint, every, session, about)
            yield self._checkpoints

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
