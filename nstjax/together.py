"""Several pictures painted together, as one program."""

import functools
import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import jax
import numpy as np

from nstjax.errors import UserError
from nstjax.machine.device import default_platform
from nstjax.machine.memory import room
from nstjax.optimize import Batch, Level, Work, mesh_of, run_levels
from nstjax.plan import Plan, make_plan
from nstjax.prepare import NUMBERS, Transfer, numbers_of, without_numbers
from nstjax.problem.evaluation import Problem
from nstjax.problem.schedule import make_levels
from nstjax.problem.stacked import AXES_APART
from nstjax.result import Course, OnProgress, Progress, Result, finish, follow
from nstjax.session import Session
from nstjax.settings import Settings

# What may differ in a batch: the numbers that a compiled program is told, and the first picture.
OWN = (*NUMBERS, "init", "seed")
# Where all pictures have the same content and styles, their targets are computed and held once.
AXES_SHARED = Problem(network=None, targets=None, weights=0, canvas=None)  # type: ignore[arg-type]

# Pixels of all pictures of a batch, beyond which a device is no busier: more would only make the first
# of them come later. And no more pictures than are worth losing when the work is broken off.
BATCH_PIXELS = {"cpu": 2**18, "gpu": 2**22, "tpu": 2**22}
LARGEST_BATCH = 16
# What the default step takes for each pixel, about. Half of what is free is left to what all share.
BYTES_PER_PIXEL = 2800

Job = TypeVar("Job", bound=Hashable)  # whatever stands for a picture that is to be painted
Shape = tuple[int, int]  # height and width
Outcome = Result | UserError | FloatingPointError


class Program(NamedTuple):
    """What pictures have in common that may be painted together."""

    levels: tuple[Level, ...]
    settings: Settings  # as `in_common`


def in_common(settings: Settings) -> Settings:
    """The settings with all that may differ in a batch as by default: equal ones are a batch."""
    usual = Settings()
    return replace(without_numbers(settings), init=usual.init, seed=usual.seed)


def expected_program(
    content: Shape | None, styles: Sequence[Shape | None], settings: Settings, architecture: str
) -> Program | None:
    """The program of a picture of which shapes are known; None where they are not, or do not do."""
    if content is None or None in styles:
        return None
    # Whose pixels take no memory.
    photograph, *paintings = (
        np.broadcast_to(np.float32(0), (*shape, 3)) for shape in (content, *styles) if shape
    )
    try:
        levels = make_levels(photograph, paintings, settings, architecture)
    except UserError:  # told when its turn comes
        return None
    return Program(levels, in_common(settings))


def pictures_at_once(pixels: int) -> int:
    """How many pictures of that many pixels should be painted together: at least one."""
    bounds = (LARGEST_BATCH, BATCH_PIXELS.get(default_platform(), 2**22) // pixels)
    free = room()
    fitting = () if free is None else (free // (2 * pixels * BYTES_PER_PIXEL),)
    return max(1, min(*bounds, *fitting))


def paint_all(
    jobs: Sequence[Job],
    programs: Mapping[Job, Program | None],
    prepare: Callable[[Job], Transfer],
    *,
    at_once: int = 0,
    devices: int = 1,
    on_progress: Callable[[Progress, Sequence[Job]], bool | None] | None = None,
) -> Iterator[dict[Job, Outcome]]:
    """Paints many pictures in batches, and yields what became of each batch.

    Args:
        jobs: the pictures.
        programs: what each has in common with others, as far as is known before it is prepared; None:
            nothing is known, and it is painted alone.
        prepare: called for each picture when its turn comes; a `UserError` costs no other picture.
        at_once: how many are painted together at most; 0: as many as are useful and fit.
        devices: how many share a batch.
        on_progress: as for `stylize`, with the pictures that it is about. True ends the work with the
            batch that is under way.
    """
    for batch in _in_batches(jobs, programs, at_once, devices):
        transfers: dict[Job, Transfer] = {}
        outcomes: dict[Job, Outcome] = {}
        for job in batch:
            try:
                transfers[job] = prepare(job)
            except UserError as error:
                outcomes[job] = error
        stopped = False
        for group in _grouped(transfers, lambda job: _program_of(transfers[job])):  # noqa: B023
            about = on_progress and functools.partial(_told, on_progress, group)
            results = paint_together([transfers[job] for job in group], about)
            outcomes.update(zip(group, results, strict=True))
            stopped = any(isinstance(each, Result) and each.stopped for each in results)
            if stopped:
                break
        yield {job: outcomes[job] for job in batch if job in outcomes}
        if stopped:
            return


def paint_together(
    transfers: Sequence[Transfer], on_progress: OnProgress | None = None
) -> list[Result | FloatingPointError]:
    """A picture for each of several transfers of equal levels, whose settings are equal `in_common`.

    One program steps them all. They know nothing of each other: each is, but for rounding, the picture
    that it would be alone, and where one fails the others go on.

    Args:
        transfers: of pictures of one size. Contents and styles may be others in each; where they are the
            same arrays, as `with_settings` leaves them, that costs less.
        on_progress: as for `stylize`, of all pictures at once. A single one is not one of a batch.

    Returns: in order, the pictures, and an error in the place of one whose loss became NaN or infinite.

    Raises `ValueError` where transfers differ in more.
    """
    first, *others = transfers
    if any(_program_of(each) != _program_of(first) for each in others):
        raise ValueError(f"the transfers of a batch differ in more than pictures, {', '.join(OWN)}")
    if not others:
        try:
            return [Session.of(first).run(on_progress)]
        except FloatingPointError as error:
            return [error]
    painted = _filled(transfers)
    chunks = run_levels(_work_of(painted), room())

    def show(pictures: np.ndarray) -> np.ndarray:
        return np.stack([one.show(pixels) for one, pixels in zip(painted, pictures, strict=True)])

    course = Course(show)
    try:
        stopped = follow(chunks, course, on_progress)
    except FloatingPointError as error:
        return [error] * len(transfers)
    assert course.last is not None
    pictures, results = course.last.image(), []
    for place, one in enumerate(transfers):
        history = jax.tree.map(lambda terms, at=place: terms[:, at], course.history)
        about = one.levels, one.levels[-1], one.settings, one.show
        try:
            results.append(finish(pictures[place], history, *about, stopped=stopped))
        except FloatingPointError as error:
            results.append(error)
    return results


def plan_all(
    jobs: Sequence[Job],
    programs: Mapping[Job, Program | None],
    prepare: Callable[[Job], Transfer],
    *,
    at_once: int = 0,
    devices: int = 1,
) -> Iterator[tuple[int, int, Plan]]:
    """What `paint_all` would do: for each kind of batch how many, of how many pictures, and its plan.

    Raises `UserError` for a picture that cannot be painted, if it is the first of its batch.
    """
    kinds: dict[Hashable, list[list[Job]]] = {}
    for batch in _in_batches(jobs, programs, at_once, devices):
        kinds.setdefault((programs[batch[0]] or batch[0], len(batch)), []).append(batch)
    for batches in kinds.values():
        transfers = [prepare(job) for job in batches[0]]
        first = transfers[0]
        work = first.work() if len(transfers) == 1 else _work_of(_filled(transfers))
        yield len(batches), len(transfers), make_plan(work, first.spread.room())


def _filled(transfers: Sequence[Transfer]) -> list[Transfer]:
    """As many for each device; the last picture fills up, and is painted there again."""
    count = max(1, len(transfers[0].spread.devices))
    return [*transfers, *[transfers[-1]] * (-len(transfers) % count)]


def _work_of(transfers: Sequence[Transfer]) -> Work:
    """The steps of several pictures as those of one program."""
    first = transfers[0]
    shared = all(_same_pictures(each, first) for each in transfers)
    numbers = jax.tree.map(
        lambda *values: np.array(values, np.float32),
        *(numbers_of(one.settings) for one in transfers),
    )
    axes = AXES_SHARED if shared else AXES_APART
    return first.work(
        lambda: numbers,
        [one.initial for one in transfers],
        batch=Batch(len(transfers), axes, mesh_of(first.spread.devices)),
        apart=() if shared else transfers,
    )


def _in_batches(
    jobs: Sequence[Job], programs: Mapping[Job, Program | None], at_once: int, devices: int
) -> Iterator[list[Job]]:
    """The jobs in batches of about equal size: equal sizes share programs."""
    for group in _grouped(jobs, lambda job: programs[job] or job):
        program = programs[group[0]]
        useful = devices * pictures_at_once(program.levels[-1].pixels) if program else 1
        most = at_once or useful
        parts = -(-len(group) // most)
        bounds = [len(group) * part // parts for part in range(parts + 1)]
        for start, end in itertools.pairwise(bounds):
            yield group[start:end]


def _grouped(jobs: Iterable[Job], key: Callable[[Job], Hashable]) -> list[list[Job]]:
    """The jobs with the same key, in their order."""
    groups: dict[Hashable, list[Job]] = {}
    for job in jobs:
        groups.setdefault(key(job), []).append(job)
    return list(groups.values())


def _program_of(transfer: Transfer) -> Hashable:
    """Equal where targets and steps have the same shapes."""
    masked = tuple(region.mask is not None for region in transfer.regions)
    program = Program(transfer.levels, in_common(transfer.settings))
    return program, transfer.content is None, masked


def _same_pictures(one: Transfer, other: Transfer) -> bool:
    return (
        one.content is other.content and one.styles is other.styles and one.regions is other.regions
    )


def _told(
    on_progress: Callable[[Progress, Sequence[Job]], bool | None],
    jobs: Sequence[Job],
    progress: Progress,
) -> bool | None:
    return on_progress(progress, jobs)
