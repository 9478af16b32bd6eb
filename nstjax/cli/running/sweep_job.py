"""A sweep from files to files: what is there is kept, the rest is painted in batches."""

import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence

import jax

from nstjax.cli.exit_codes import SUCCESS
from nstjax.cli.files.album import Album
from nstjax.cli.files.album_files import check_album
from nstjax.cli.files.inputs import Inputs, read_inputs
from nstjax.cli.files.named_files import find_files
from nstjax.cli.parsing.arguments import SweepArguments
from nstjax.cli.parsing.grid import Cell, Grid
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.cli.running.interrupt import InterruptFlag
from nstjax.cli.running.progress import ProgressBar
from nstjax.cli.running.speech import Speech
from nstjax.optimize import Level
from nstjax.prepare import Transfer
from nstjax.result import Progress, Result
from nstjax.settings import Settings
from nstjax.together import in_common, paint_together, pictures_at_once

SHEET_EVERY = 20  # seconds between sheets on the way: one of many pictures takes seconds itself

# The schedule of all settings that are equal `in_common`.
Schedules = dict[Settings, tuple[Level, ...]]


def run_sweep(arguments: SweepArguments, grid: Grid) -> int:
    """Makes the pictures that are not there yet, their index and the sheet; returns the exit code.

    Everything that can be checked is checked before the work begins. A signal ends it with the pictures
    that are finished, and the next run goes on from there.

    Raises `FloatingPointError` at the end, where pictures failed.
    """
    speech = Speech(quiet=arguments.run.quiet)
    started = drawn = time.monotonic()
    check_album(arguments.output, grid, arguments.run.bit_depth)
    several = [cell.settings for cell in grid.cells]
    inputs = read_inputs(arguments, find_files(arguments, several), several)
    keep_programs()
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_device(inputs.device))
        schedules = _check_all(inputs, grid.cells)
        album = Album(arguments.output, grid, inputs, arguments.thumbnail)
        for line in inputs.remarks:
            speech.warn(line)
        for line in inputs.introduction():
            speech.say(line)
        kept, count = album.find(), len(grid.cells)
        if kept:
            speech.say(f"{kept} of {count} pictures are there already")
        interrupted = stack.enter_context(InterruptFlag(quiet=arguments.run.quiet))
        missing = album.missing
        show = stack.enter_context(ProgressBar(speech.console)) if missing else None
        work = _Work(missing, schedules)
        remarks: list[str] = []
        for transfer, batch in _batches(inputs, missing, schedules, arguments.at_once):

            def on_progress(progress: Progress, batch: Sequence[Cell] = batch) -> bool:
                assert show is not None
                interrupted.has_result()
                show(*work.counted(progress, batch))
                return interrupted.is_set

            begun = time.monotonic()
            results = paint_together(transfer, [cell.settings for cell in batch], on_progress)
            if any(isinstance(result, Result) and result.stopped for result in results):
                break
            work.finish(batch)
            seconds = (time.monotonic() - begun) / len(batch)
            for cell, result in zip(batch, results, strict=True):
                album.add(cell, result, seconds)
                if isinstance(result, Result) and result.remark:
                    remarks.append(f"{cell.about}: {result.remark}")
            album.write_index()
            if time.monotonic() - drawn > SHEET_EVERY:
                album.write_sheet()
                drawn = time.monotonic()
            if interrupted.is_set:
                break
        album.write_index()
        album.write_sheet()
    for line in (*album.remarks, *remarks):
        speech.warn(line)
    if album.missing:
        finished = f"{count - len(album.missing)} of {count} pictures are finished"
        speech.say(f"stopped: {finished}; the same command makes the others")
        return SUCCESS
    if album.failed:
        cell, error = next(iter(album.failed.items()))
        raise FloatingPointError(
            f"{len(album.failed)} of {count} pictures failed, the first with {cell.about}: {error}"
        )
    speech.say(f"wrote {arguments.output} ({count} pictures, {time.monotonic() - started:.0f} s)")
    return SUCCESS


def _check_all(inputs: Inputs, cells: Sequence[Cell]) -> Schedules:
    """Raises `UserError` for settings that cannot work with these pictures; returns the schedules."""
    schedules: Schedules = {}
    for common, group in _grouped(cells).items():
        transfer = inputs.prepare(group[0].settings)
        schedules[common] = transfer.levels
        for settings in {cell.settings.init: cell.settings for cell in group}.values():
            transfer.with_settings(settings)  # its first picture may be a file
    return schedules


def _batches(
    inputs: Inputs, cells: Sequence[Cell], schedules: Schedules, at_once: int
) -> Iterator[tuple[Transfer, Sequence[Cell]]]:
    """The cells in batches of about equal size, with what paints each. Equal sizes share programs."""
    for common, group in _grouped(cells).items():
        most = at_once or pictures_at_once(schedules[common][-1].pixels)
        parts = -(-len(group) // most)
        bounds = [len(group) * part // parts for part in range(parts + 1)]
        transfer = inputs.prepare(group[0].settings)
        for start, end in itertools.pairwise(bounds):
            yield transfer, group[start:end]


def _grouped(cells: Sequence[Cell]) -> dict[Settings, list[Cell]]:
    """The cells whose settings may be those of one batch, in their order."""
    groups: dict[Settings, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(in_common(cell.settings), []).append(cell)
    return groups


class _Work:
    """How far a sweep is, in pixels times steps."""

    def __init__(self, cells: Sequence[Cell], schedules: Schedules):
        self._work = {
            cell: sum(level.pixels * level.steps for level in schedules[in_common(cell.settings)])
            for cell in cells
        }
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
