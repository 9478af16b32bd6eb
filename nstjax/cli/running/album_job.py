"""The pictures of an album painted: what is there is kept, the rest is made in batches."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Generic

import jax

from nstjax.cli.files.album import Album, Cell
from nstjax.cli.running.interrupt import InterruptFlag
from nstjax.cli.running.progress import ProgressBar
from nstjax.cli.running.speech import Speech
from nstjax.machine.hosts import is_first, wait_for_hosts
from nstjax.prepare import Transfer
from nstjax.result import Progress, Result
from nstjax.together import Program, paint_all

SHEET_EVERY = 20  # seconds between sheets on the way: one of many pictures takes seconds itself
SHEET_SHARE = 10  # and at least so many times as long as the last one took


def paint_album(
    album: Album[Cell],
    programs: Mapping[Cell, Program | None],
    prepare: Callable[[Cell], Transfer],
    *,
    at_once: int,
    quiet: bool,
    speech: Speech,
    devices: int = 1,
    after_batch: Callable[[], None] = lambda: None,
) -> None:
    """Makes the pictures that are not there yet, their index and the sheet.

    A signal ends it with the pictures that are finished, and the next run goes on from there. Of several
    hosts with one folder each makes its part, and the first writes index and sheet once all are done.

    Args:
        album: is filled.
        programs: of each picture, as far as is known; see `paint_all`.
        prepare: reads a picture's files and checks it.
        at_once: how many are painted together; 0: as many as are useful and fit.
        devices: how many share a batch.
        quiet: whether the person is told nothing meanwhile.
        speech: says what goes on.
        after_batch: called once pictures are written.
    """
    kept = album.find()
    if kept:
        speech.say(f"{kept} of {album.count} pictures are there already")
    several = jax.process_count() > 1
    if several:
        wait_for_hosts("found what is there")
    missing = album.part(jax.process_index(), jax.process_count())
    work, sheet = _Work(missing, programs), _Sheet(album)
    with contextlib.ExitStack() as stack:
        interrupted = stack.enter_context(InterruptFlag(quiet=quiet))
        show = stack.enter_context(ProgressBar(speech.console)) if missing else None

        def on_progress(progress: Progress, cells: Sequence[Cell]) -> bool:
            assert show is not None
            interrupted.has_result()
            show(*work.counted(progress, cells))
            return interrupted.is_set

        begun = time.monotonic()
        for outcomes in paint_all(
            missing,
            programs,
            prepare,
            at_once=at_once,
            devices=devices,
            on_progress=on_progress,
        ):
            if any(isinstance(each, Result) and each.stopped for each in outcomes.values()):
                break
            work.finish(list(outcomes))
            seconds = (time.monotonic() - begun) / len(outcomes)
            for cell, outcome in outcomes.items():
                album.add(cell, outcome, seconds)
            if not several:
                album.write_index()
            after_batch()
            if not several:
                sheet.draw_now_and_then()
            if interrupted.is_set:
                break
            begun = time.monotonic()
        if several:
            wait_for_hosts("painted")
            album.find()
        if is_first():
            album.write_index()
            album.write_sheet()


def tell_unfinished(album: Album[Cell], speech: Speech) -> bool:
    """Says so where a signal has ended the work; returns whether it did."""
    if not album.missing:
        return False
    finished = f"{album.count - len(album.missing)} of {album.count} pictures are finished"
    speech.say(f"stopped: {finished}; the same command makes the others")
    return True


class _Sheet:
    """When the sheet is worth the time that it takes."""

    def __init__(self, album: Album):
        self._album, self._drawn, self._took = album, time.monotonic(), 0.0

    def draw_now_and_then(self) -> None:
        """Draws it, unless that was done a moment ago."""
        begun = time.monotonic()
        if begun - self._drawn > max(SHEET_EVERY, SHEET_SHARE * self._took):
            self._album.write_sheet()
            self._drawn = time.monotonic()
            self._took = self._drawn - begun


class _Work(Generic[Cell]):
    """How far the whole is, in pixels times steps."""

    def __init__(self, cells: Sequence[Cell], programs: Mapping[Cell, Program | None]):
        self._work = {cell: _work_of(programs[cell]) for cell in cells}
        self._finished: list[Cell] = []

    def counted(self, progress: Progress, batch: Sequence[Cell]) -> tuple[Progress, str]:
        """A batch's progress as a part of all, and which of the pictures it is about."""
        done, now = (sum(self._work[cell] for cell in cells) for cells in (self._finished, batch))
        fraction = (done + progress.fraction * now) / sum(self._work.values())
        first, last = len(self._finished) + 1, len(self._finished) + len(batch)
        which = f"picture {first}" if first == last else f"pictures {first}-{last}"
        return progress._replace(fraction=fraction), f"{which} of {len(self._work)}, "

    def finish(self, batch: Sequence[Cell]) -> None:
        """Counts a batch as done."""
        self._finished.extend(batch)


def _work_of(program: Program | None) -> int:
    """Of what nobody knows beforehand, next to nothing."""
    return 1 if program is None else sum(level.pixels * level.steps for level in program.levels)
