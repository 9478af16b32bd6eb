"""One picture of one visitor on its way, from the files that were dropped to one to take home."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
from PIL import Image

from nstjax.errors import UserError
from nstjax.images import resize, to_bytes, write
from nstjax.losses import Losses
from nstjax.machine.host_memory import is_exhausted
from nstjax.result import Progress
from nstjax.session import Session
from nstjax.settings import Settings
from nstjax.web.order import Order

State = Literal["waiting", "painting", "paused", "done", "stopped", "failed"]
RUNNING: tuple[State, ...] = ("waiting", "painting", "paused")
EVERY = 0.4  # seconds between two pictures that are shown, at least
KEPT = 20  # pictures that were shown: a slow browser may still ask for them

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shown:
    """What there is to be seen of a job at a moment; replaced as a whole, by the painter's thread."""

    progress: Progress | None = None
    history: Losses | None = None
    before: Path | None = None
    picture: Path | None = None
    number: int = 0  # of the picture: another one, another number
    seconds: float = 0.0  # that its turns took


@dataclass(eq=False)
class Job:
    """Paints what was ordered, turn by turn; told from other threads what to do with the next one."""

    order: Order
    folder: Path  # its own, which is there
    finished: Callable[["Job", Path, Settings], None]  # takes the picture that it came to
    state: State = "waiting"
    problem: str = ""  # why it failed, in one line
    shown: Shown = field(default_factory=Shown)
    _session: Session | None = None
    _stopping: bool = False
    _is_discarded: bool = False
    _drawn: float = 0.0

    @property
    def settings(self) -> Settings:
        """As they are now."""
        session = self._session
        return self.order.settings if session is None else session.settings

    def change(self, **settings: Any) -> tuple[str, ...]:
        """New values of settings; returns those for which the level starts again.

        Raises `UserError` for what cannot be, and changes nothing then.
        """
        session = self._session
        if session is not None:
            with jax.default_device(self.order.engine.device):
                return session.change(**settings)
        self.order = replace(self.order, settings=replace(self.order.settings, **settings))
        return ()

    def stop(self) -> None:
        """The next turn is the last one, and keeps the picture so far."""
        self._stopping = True

    def discard(self) -> None:
        """The next turn is the last one, and keeps nothing: its folder is gone."""
        self._is_discarded = True

    def turn(self) -> bool:
        """Some steps, and a picture of them; returns whether there are more."""
        begun = time.monotonic()
        try:
            return self._turn(begun)
        except Exception as error:
            if not self._is_discarded:  # else its folder is gone, which is no news
                self.problem = _told(error)
            self.state = "failed"
            self._session = None
            return False

    def _turn(self, begun: float) -> bool:
        if self._is_discarded or (self._stopping and self._session is None):
            self.state, self._session = "stopped", None
            return False
        if self._session is None:
            self._begin()
        session = self._session
        assert session is not None
        if not (session.done or self._stopping):
            session.step()
        if session.done or self._stopping:
            self._end(session)
            return False
        self._show(session, begun)
        if self.state == "waiting":
            self.state = "painting"
        return True

    def _begin(self) -> None:
        """Reads, checks and shows the pictures: here, where it holds up nobody's page."""
        given = self.order.read()
        session = Session(
            given.content,
            given.styles or None,
            self.order.settings,
            regions=given.regions,
            weights=self.order.engine.weights,
        )
        first = session.image()
        size = first.shape[:2]
        before = first if given.content is None else resize(given.content, *_whole(size, session))
        self.shown = replace(self.shown, before=_saved(before, self.folder / "before.jpg"))
        self._session = session

    def _show(self, session: Session, begun: float) -> None:
        now = time.monotonic()
        shown = replace(
            self.shown,
            progress=session.progress,
            history=session.history,
            seconds=self.shown.seconds + now - begun,
        )
        if now - self._drawn >= EVERY:
            self._drawn = now
            number = shown.number + 1
            picture = _saved(session.image(), self.folder / f"{number}.jpg")
            (self.folder / f"{number - KEPT}.jpg").unlink(missing_ok=True)
            shown = replace(shown, picture=picture, number=number)
        self.shown = shown

    def _end(self, session: Session) -> None:
        if session.progress is None:
            self.state, self._session = "stopped", None
            return
        result = session.result()
        recipe = self.order.recipe(session.settings)
        path = self.folder / self.order.name
        alpha, exif = self.order.kept
        write(path, result.image, alpha=alpha, exif=exif, comment=recipe.to_json())
        picture = _saved(result.image, self.folder / f"{self.shown.number + 1}.jpg")
        self.shown = replace(
            self.shown,
            progress=session.progress,
            history=session.history,
            picture=picture,
            number=self.shown.number + 1,
        )
        self.problem = result.remark
        self._session = None
        self.state = "stopped" if result.stopped or self._stopping else "done"
        self.finished(self, path, recipe.settings)


def _whole(size: tuple[int, ...], session: Session) -> tuple[int, int]:
    """Height and width of a shape with the result's long side."""
    scale = session.settings.size / max(size)
    return round(size[0] * scale), round(size[1] * scale)


def _saved(pixels: np.ndarray, path: Path) -> Path:
    Image.fromarray(to_bytes(pixels)).save(path, quality=90)
    return path


def _told(error: Exception) -> str:
    """A failure in one line; what is none of the visitor's doing is for the server's log."""
    if isinstance(error, UserError | FloatingPointError):
        return str(error)
    if isinstance(error, MemoryError | RuntimeError) and is_exhausted(error):
        return "the memory does not suffice: use a smaller size"
    log.error("a picture failed", exc_info=error)
    return "nstjax failed, and the server's log says why: try other settings"
