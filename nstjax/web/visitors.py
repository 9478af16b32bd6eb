"""Who is on the page, and what is kept for each: a folder, a job, and the pictures made."""

import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nstjax.errors import UserError
from nstjax.settings import Settings
from nstjax.web.job import RUNNING, Job
from nstjax.web.limits import Limits
from nstjax.web.order import Order
from nstjax.web.painter import Painter

SWEEP_EVERY = 10  # seconds


@dataclass(eq=False)
class Visitor:
    """One open page."""

    folder: Path
    seen: float
    job: Job | None = None
    orders: int = 0
    made: list[tuple[Path, str]] = field(default_factory=list)  # and what is written below each
    last: dict[Any, Any] = field(default_factory=dict)  # what the page shows, to send only news
    drawn: float = 0.0  # when the curves were sent
    entered: dict[str, Any] = field(default_factory=dict)  # the settings that the page had last

    @property
    def is_painting(self) -> bool:
        """Whether a picture is on its way."""
        return self.job is not None and self.job.state in RUNNING


class Visitors:
    """All that are here, by the name that Gradio has for each open page."""

    def __init__(self, folder: Path, painter: Painter, limits: Limits):
        self._folder, self._painter, self._limits = folder, painter, limits
        self._lock = threading.Lock()
        self._here: dict[str, Visitor] = {}
        self._closed = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweeper", daemon=True)
        self._sweeper.start()

    def __len__(self) -> int:
        return len(self._here)

    def get(self, name: str | None) -> Visitor:
        """The visitor of a name, seen now; a new one where there was none.

        Raises `UserError` where too many are here.
        """
        now = time.monotonic()
        with self._lock:
            visitor = self._here.get(name or "")
            if visitor is None:
                if len(self._here) >= self._limits.visitors:
                    raise UserError("too many have this page open: try again in a few minutes")
                # Unlike Gradio's names nobody can guess it, nor what is in it.
                folder = self._folder / secrets.token_hex(16)
                folder.mkdir(parents=True)
                visitor = self._here[name or ""] = Visitor(folder, now)
            visitor.seen = now
            return visitor

    def begin(self, visitor: Visitor, order: Order) -> None:
        """Puts a picture in line.

        Raises `UserError` where one is on its way, or the line is full.
        """
        if visitor.is_painting:
            raise UserError("a picture is being painted: stop it first")
        folder = visitor.folder / str(order.number)
        folder.mkdir()

        def finished(job: Job, path: Path, settings: Settings) -> None:
            weight = f"content weight {settings.content_weight:g}"
            visitor.made.append((path, f"{job.order.preset}, {settings.size} px, {weight}"))
            for old, _ in visitor.made[: -self._limits.made]:
                shutil.rmtree(old.parent, ignore_errors=True)
            del visitor.made[: -self._limits.made]

        job = Job(order, folder, finished)
        self._painter.add(job)
        visitor.job = job

    def pause(self, visitor: Visitor) -> None:
        """No more turns until `go_on`."""
        if visitor.job is not None and visitor.job.state in ("waiting", "painting"):
            self._painter.pause(visitor.job)
            visitor.job.state = "paused"

    def go_on(self, visitor: Visitor) -> None:
        """Turns again, once those before it in line have theirs."""
        if visitor.job is not None and visitor.job.state == "paused":
            visitor.job.state = "waiting"
            self._painter.go_on(visitor.job)

    def stop(self, visitor: Visitor) -> None:
        """Ends the work; the picture so far is kept."""
        if visitor.job is not None and visitor.is_painting:
            visitor.job.stop()
            self._painter.last_turn(visitor.job)

    def drop(self, name: str | None) -> None:
        """Forgets somebody who has left, and all that was kept."""
        with self._lock:
            visitor = self._here.pop(name or "", None)
        if visitor is not None:
            self._forget(visitor)

    def drop_absent(self, now: float) -> None:
        """Stops the pictures that nobody watches, and forgets who has not been seen for long."""
        with self._lock:
            gone = {
                name: visitor
                for name, visitor in self._here.items()
                if now - visitor.seen > self._limits.forgotten
            }
            for name in gone:
                del self._here[name]
            unwatched = [
                each for each in self._here.values() if now - each.seen > self._limits.absent
            ]
        for visitor in gone.values():
            self._forget(visitor)
        for visitor in unwatched:
            self.stop(visitor)

    def close(self) -> None:
        """Ends the sweeping."""
        self._closed.set()
        self._sweeper.join()

    def _forget(self, visitor: Visitor) -> None:
        if visitor.job is not None:
            visitor.job.discard()
            self._painter.last_turn(visitor.job)
        shutil.rmtree(visitor.folder, ignore_errors=True)

    def _sweep(self) -> None:
        while not self._closed.wait(SWEEP_EVERY):
            self.drop_absent(time.monotonic())
