"""A film of the picture as it grows."""

import functools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

from nstjax.cli.files.beside.film_kinds import RATE, Kind, kind_of
from nstjax.files import write_whole
from nstjax.images import resize, to_bytes
from nstjax.optimize import Level
from nstjax.result import Progress

LONGEST = 24 * RATE  # ticks, and the most pictures, but for the last one
LAST = RATE  # ticks that the last picture is held
LONG_SIDE = 1024  # pixels, at most
ROUNDING = 1e-6  # ticks: a share that is to be a whole number of them may be a little less
ROOM = 2**24  # pixels that may wait for a thread that is slower than the steps: 200 MB


class Film:
    """While entered, films the reports; the film is written at the end, of stopped work too.

    Its time is the share of the work that is done. The pictures are copies that the device has set
    aside, and a thread makes frames of them: neither the device nor the loop waits, unless so many
    pictures came at once that memory would be short.

    Args:
        path: where to write. None: another host does, and here it only gets its part of each picture.
        levels: of the work, coarse to fine.
        spans_hosts: whether the picture lies on several, which must then ask for it in one order.

    Raises `UserError` at the end where there is no film in the end.
    """

    def __init__(self, path: Path | None, levels: Sequence[Level], *, spans_hosts: bool = False):
        self._path = path
        self._spans_hosts = spans_hosts
        self._levels = levels
        self._length = min(LONGEST, sum(level.steps for level in levels))
        self._reel = None if path is None else _reel(path, levels[-1])
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._frames: list[Future[None]] = []
        self._tick = -1  # of the last frame
        self._begun: float | None = None  # the share of the work that was done before
        self._unseen: Progress | None = None  # the last report, if it was not filmed

    def __enter__(self) -> "Film":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._unseen is not None:
            self._take(self._unseen, self._tick + 1)
        self._thread.shutdown(cancel_futures=kind is not None)
        if kind is not None or self._reel is None or self._path is None or not self._frames:
            return  # what the work has raised matters more
        for frame in self._frames:
            frame.result()  # raises what the encoding raised
        write_whole(self._path, self._reel.finish())

    def __call__(self, progress: Progress) -> None:
        """Films the picture if it is time for a frame."""
        if self._begun is None:
            is_new = progress.total_step == len(progress.losses.total)
            self._begun = 0.0 if is_new else progress.fraction
        tick = int((progress.fraction - self._begun) * self._length + ROUNDING)
        if tick > self._tick:
            self._take(progress, tick)
            self._unseen = None
        else:
            self._unseen = progress

    @property
    def report_every(self) -> int:
        """How many steps there may be between two reports, so that the film moves with each of them.

        It divides the steps of all levels, which then need no shorter chunks.
        """
        common = math.gcd(*(level.steps for level in self._levels))
        most = max(1, sum(level.steps for level in self._levels) // LONGEST)
        return max(every for every in range(1, most + 1) if common % every == 0)

    def _take(self, progress: Progress, tick: int) -> None:
        self._tick = tick
        image = progress.image
        if self._spans_hosts:
            image = functools.partial(np.asarray, image())
        if self._reel is None:
            return
        waiting = [frame for frame in self._frames if not frame.done()]
        most = max(1, ROOM // (progress.height * progress.width))
        wait(waiting[: max(0, len(waiting) - most + 1)])
        self._frames.append(self._thread.submit(self._reel.add, image, tick))


class _Reel:
    """The frames so far, each of which is shown until the next one comes."""

    def __init__(self, kind: Kind, height: int, width: int):
        self._kind, self._size = kind, (height, width)
        self._shown: np.ndarray | None = None
        self._since = 0  # the first one is shown from the beginning

    def add(self, image: Callable[[], np.ndarray], tick: int) -> None:
        """A picture of any size that is to be seen from a tick on."""
        picture = to_bytes(resize(image(), *self._size))
        if self._shown is not None:
            self._kind.add(self._shown, tick - self._since)
            self._since = tick
        self._shown = picture

    def finish(self) -> bytes:
        """The whole file."""
        assert self._shown is not None
        self._kind.add(self._shown, LAST)
        return self._kind.finish()


def _reel(path: Path, level: Level) -> _Reel:
    kind = kind_of(path)
    scale = min(1.0, LONG_SIDE / level.long_side)
    return _Reel(
        kind(), *(_multiple(scale * side, kind.multiple) for side in (level.height, level.width))
    )


def _multiple(side: float, of: int) -> int:
    return max(of, int(side) // of * of)
