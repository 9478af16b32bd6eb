"""Checkpoints on the way, of which each replaces the one before."""

import dataclasses
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from nstjax.errors import UserError
from nstjax.files import write_whole
from nstjax.machine.host_memory import is_exhausted
from nstjax.result import Progress
from nstjax.session import Session
from nstjax.session.checkpoint import Checkpoint


class CheckpointFile:
    """While entered, writes all that a session needs to go on, every so many seconds.

    The state is a copy that the device has set aside, and a thread fetches and writes it, while the
    device goes on. Meanwhile the host needs three times as much memory as the state takes. What could
    not be written is tried again the next time.

    Args:
        path: where to write.
        every: seconds from one to the next.
        session: what is kept.
        about: what a checkpoint has of the command, as JSON has it.
    """

    def __init__(self, path: Path, every: float, session: Session, about: Mapping[str, Any]):
        self._path, self._every = path, every
        self._session, self._about = session, about
        self._writer = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[None] | None = None
        self._due = 0.0

    def __enter__(self) -> "CheckpointFile":
        self._due = time.monotonic() + self._every
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.shutdown()

    def __call__(self, progress: Progress) -> None:
        """Writes the chunk that has just been told, if that was asked for; asks for one if it is due."""
        del progress
        kept = self._session.kept
        if kept is not None:
            self._writing = self._writer.submit(self._write, kept)
        is_writing = self._writing is not None and not self._writing.done()
        if not is_writing and time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every
            self._session.keep_next()

    def finish(self) -> None:
        """Writes where the session is now, after what is being written.

        Raises `UserError` where that cannot be.
        """
        if self._writing is not None:
            wait([self._writing])
        self._write(self._session.checkpoint())

    def _write(self, kept: Checkpoint) -> None:
        try:
            data = dataclasses.replace(kept, about=self._about).to_bytes()
        except (MemoryError, RuntimeError) as error:
            if not is_exhausted(error):
                raise
            raise UserError(
                f"cannot write {self._path}: the memory does not suffice for a copy of the state"
            ) from None
        write_whole(self._path, data)
