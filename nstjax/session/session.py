"""A style transfer that can be stepped, looked at, changed, paused, saved and taken up again."""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.files import write_whole
from nstjax.given import GivenSettings, check_reports, chosen_settings, given_pictures
from nstjax.losses import Losses
from nstjax.optimize import Level
from nstjax.prepare import Transfer, prepare, without_numbers
from nstjax.problem.regions import Region
from nstjax.result import OnProgress, Progress, Result, finish
from nstjax.session.checkpoint import Checkpoint, read_checkpoint
from nstjax.session.painting import Painting
from nstjax.settings import Settings, changed_settings
from nstjax.settings.presets import PRESETS
from nstjax.settings.recipe import with_values
from nstjax.settings.values import Positive, check
from nstjax.spread import AUTO, Devices, Tile, make_spread
from nstjax.vgg import Weights

# Settings that say what the first picture is: with another one all begins again.
BEGINNING = {"init", "seed"}


class Session:
    """A style transfer on its way (Gatys et al. 2016).

    Its arguments are those of `nstjax.stylize`; without content it is a `nstjax.texture`, without styles
    a `nstjax.reconstruct`. `change`, `image` and `pause` may be called in other threads than the one
    that steps.

    Raises `UserError` for pictures, settings or weights that cannot work.
    """

    def __init__(
        self,
        content: ArrayLike | None = None,
        styles: ArrayLike | Iterable[ArrayLike] | None = None,
        settings: GivenSettings = None,
        *,
        regions: Sequence[Region] | None = None,
        weights: Weights | str | Path,
        tile: Tile = AUTO,
        devices: Devices = 1,
    ):
        if content is None and styles is None:
            raise UserError("neither content nor styles were given: give one of them, or both")
        usual = "default"
        if content is None or styles is None:
            usual = "texture" if content is None else "reconstruct"
        make = functools.partial(
            prepare,
            content,
            [] if styles is None else given_pictures(styles),
            regions=regions,
            spread=make_spread(tile, devices),
        )
        transfer = make(chosen_settings(settings, PRESETS[usual]), weights=weights)
        self._begin(transfer, functools.partial(make, weights=transfer.weights))

    @classmethod
    def of(
        cls, transfer: Transfer, prepare_again: Callable[[Settings], Transfer] | None = None
    ) -> "Session":
        """The session of a transfer.

        `prepare_again` makes the transfer of other settings; None: only numbers can be changed.
        """
        session = cls.__new__(cls)
        session._begin(transfer, prepare_again)
        return session

    def _begin(
        self, transfer: Transfer, prepare_again: Callable[[Settings], Transfer] | None
    ) -> None:
        self._painting, self._prepare_again = Painting(transfer), prepare_again
        self._changing, self._is_paused = threading.Lock(), False

    @property
    def transfer(self) -> Transfer:
        """What it is made from, as it is now."""
        return self._painting.newest

    @property
    def settings(self) -> Settings:
        """The recipe as it is now."""
        return self.transfer.settings

    @property
    def done(self) -> bool:
        """Whether all steps of all levels are done."""
        return self._painting.is_over and self._painting.newest is self._painting.transfer

    @property
    def progress(self) -> Progress | None:
        """How far the work is, as it was last told; None before the first step."""
        return self._painting.course.progress

    @property
    def history(self) -> Losses:
        """Each term before each step until now: arrays (steps,)."""
        return self._painting.course.history

    @property
    def levels(self) -> tuple[Level, ...]:
        """The schedule that the history follows, and what is to come of it."""
        return self._painting.levels

    def image(self) -> np.ndarray:
        """A copy of the picture so far, (height, width, 3) at the level's own size, in [0, 1]."""
        return self._painting.transfer.show(self._painting.pixels())

    def result(self) -> Result:
        """The picture so far, as large as was asked for, and how it came about.

        Raises `FloatingPointError` where a loss or a pixel is not finite.
        """
        painting = self._painting
        transfer = painting.transfer
        about = transfer.levels[-1], transfer.settings, transfer.show
        course = painting.pixels(), painting.course.history, painting.levels
        return finish(*course, *about, stopped=not self.done)

    def _repr_html_(self) -> str:
        """What Jupyter shows: the picture so far, its losses, and a line about them."""
        from nstjax.notebook import html  # only notebooks need it

        pixels, steps = self.image(), len(self.history.total)
        of = sum(level.steps for level in self.levels)
        caption = f"{pixels.shape[1]}x{pixels.shape[0]}, {steps} of {of} steps"
        return html(pixels, self.history if steps else None, self.levels, caption)

    def step(self) -> Progress:
        """Does one chunk of steps: on a CPU about a second's, elsewhere up to 50.

        Raises `UserError` where all steps are done, and as `run` does.
        """
        progress = self._painting.advance(ahead=False)
        if progress is None:
            raise UserError("all steps are done: change a setting, or take the result")
        return progress

    def run(
        self,
        on_progress: OnProgress | None = None,
        report_every: int = 0,
        *,
        time_budget: float | None = None,
    ) -> Result:
        """Does what `go_on` does, and returns what `result` does; raises as both."""
        self.go_on(on_progress, report_every, time_budget=time_budget)
        return self.result()

    def go_on(
        self,
        on_progress: OnProgress | None = None,
        report_every: int = 0,
        *,
        time_budget: float | None = None,
    ) -> None:
        """Does all steps that are left, or goes on until it is paused; it may be called again.

        Args:
            on_progress: as for `nstjax.stylize`: called after each chunk, while the next one runs.
                Returning True pauses the work, as `pause` does.
            report_every: as for `nstjax.stylize`.
            time_budget: seconds in which to be done. All levels get more or fewer steps for it. Where
                not even a step at the full size can be done by then, `progress.told` says so at the
                beginning, and the picture is enlarged from a smaller one.

        Raises `UserError` where a level cannot fit the memory, and `FloatingPointError` where the loss
        becomes NaN or infinite. Whatever is raised, here or by `on_progress`, the next call goes on from
        the last picture.
        """
        report_every = check_reports(on_progress, report_every)
        check("time_budget", time_budget, Positive | None)
        if report_every and time_budget:
            raise UserError("report_every and time_budget exclude each other: leave one out")
        deadline = None if time_budget is None else time.monotonic() + time_budget
        self._painting.end_chunks(report_every, deadline)
        try:
            while not self._is_paused:
                progress = self._painting.advance(ahead=True)
                if progress is None or (on_progress is not None and on_progress(progress)):
                    break
        finally:
            self._is_paused = False
            if deadline is not None:
                self._painting.end_chunks(report_every, None)

    def pause(self) -> None:
        """Lets a `run` in another thread end after the chunk that it is at, or the next one at once."""
        self._is_paused = True

    def change(self, **settings: object) -> tuple[str, ...]:
        """Gives settings other values, in any number at a time, from the next chunk that is begun.

        `content_weight`, `style_weight`, `tv_weight`, `photo_weight` (unless it was or becomes 0),
        `content_layer_weights`, `style_layer_weights`, `learning_rate` and `averaging` are numbers that
        the compiled step is told anew each time: nothing is compiled or lost. For any other setting, and
        for all once the work is done, the level starts again from the picture as it is, at the next size
        of the new schedule that is as large; for `init` and `seed` the picture itself does. What is
        changed while the very last chunk is under way has come too late, and is not in `settings` then.

        Returns: the names of the settings, if any, for which something starts again.

        Raises `UserError` for what cannot work, and then nothing is changed.
        """
        with self._changing:
            painting, before = self._painting, self.settings
            wanted = with_values(before, settings, "change")
            changed = tuple(changed_settings(before, wanted))
            again = tuple(changed_settings(without_numbers(before), without_numbers(wanted)))
            if again:
                if self._prepare_again is None:
                    raise UserError(f"{again[0]} cannot be changed here: begin another session")
                prepared = self._prepare_again(wanted)
                painting.replace(prepared, afresh=not BEGINNING.isdisjoint(again))
            elif changed and self.done:
                painting.replace(replace(painting.newest, settings=wanted), afresh=False)
                again = changed
            elif changed:
                painting.tell(wanted)
            return again

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all that the work needs to go on, to the bit, as safetensors; see `load`.

        A chunk that is under way is finished before.

        Raises `UserError` where the folder or the disk refuses.
        """
        write_whole(Path(path), self.checkpoint().to_bytes())

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        content: ArrayLike | None = None,
        styles: ArrayLike | Iterable[ArrayLike] | None = None,
        *,
        regions: Sequence[Region] | None = None,
        weights: Weights | str | Path,
        tile: Tile = AUTO,
        devices: Devices = 1,
    ) -> "Session":
        """The session that `save` has written, with the same pictures, regions and weights.

        On the same machine, with the same versions, tiles, devices and `report_every`, it goes on to the
        same bits.

        Raises `UserError` for a file that is none, is damaged, or was made with other pictures.
        """
        kept = read_checkpoint(Path(path))
        where = {"regions": regions, "weights": weights, "tile": tile, "devices": devices}
        session = cls(content, styles, kept.settings, **where)  # type: ignore[arg-type]
        session.take_up(kept)
        return session

    def checkpoint(self) -> Checkpoint:
        """All that the work needs to go on, as `save` writes it; raises as `settle` does."""
        self.settle()
        return Checkpoint.of(self._painting, self._painting.point)

    def settle(self) -> None:
        """Finishes the chunk that is under way, if one is, as after a `run` that was paused.

        Raises what `run` raises.
        """
        self._painting.settle()

    def keep_next(self) -> None:
        """Has the next chunk of a `run` kept while the device goes on; then `kept` has it."""
        self._painting.keep_next()

    @property
    def kept(self) -> Checkpoint | None:
        """The checkpoint of the last chunk, where `keep_next` had asked for it; see `checkpoint`."""
        last = self._painting.course.last
        return last and last.point and Checkpoint.of(self._painting, last.point)

    def take_up(self, kept: Checkpoint) -> None:
        """Goes on from a checkpoint of a session with the same inputs and settings.

        Raises `UserError` where they are others.
        """
        kept.restore(self._painting)
