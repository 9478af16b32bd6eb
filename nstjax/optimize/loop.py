"""The host's side of the optimization: chunks of steps, level after level."""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
import optax

from nstjax.images import resize
from nstjax.machine.device import default_platform
from nstjax.optimize.pyramid import Level
from nstjax.optimize.start import Carry, memory_of, start_state, state_shapes
from nstjax.optimize.step import Batch, Evaluate, State, run_steps
from nstjax.tiles import Layout, fetch_picture

# How many pixels, summed over steps, a chunk may hold. A chunk cannot be interrupted, so it should
# last under a second; but an accelerator needs long ones to be kept busy.
CHUNK_PIXELS = {"cpu": 2**17, "gpu": 2**24, "tpu": 2**24}
LONGEST_CHUNK = 50


class Chunk(NamedTuple):
    """Some finished steps of one level."""

    level: int  # index into the levels
    step: int  # steps done at this level
    total_step: int  # steps done at all levels
    pixels: jax.Array  # (H, W, 3), the picture after these steps; of a batch (B, H, W, 3)
    reports: Any  # what `evaluate` reported, stacked over the chunk's steps: (steps,) or (steps, B)
    layout: Layout | None = None  # of the picture, where it lies on several devices

    def image(self) -> np.ndarray:
        """A copy of the picture on the host. Of several hosts each must ask for it."""
        return (
            np.array(self.pixels)
            if self.layout is None
            else fetch_picture(self.pixels, self.layout)
        )


class Pending(Protocol):
    """The second argument of `evaluate` at a level, not computed yet."""

    @property
    def shapes(self) -> Any:
        """The same tree with `jax.ShapeDtypeStruct` for arrays: enough to trace the step."""
        ...

    @property
    def layout(self) -> Layout | None:
        """How the picture lies; None: whole, on one device."""
        ...

    def compute(self) -> Any:
        """The argument itself. Called in another thread."""
        ...


class Prepared(NamedTuple):
    """All that a level needs besides the picture."""

    problem: Any
    run_chunk: Callable[..., tuple[State, jax.Array, Any]]  # compiled `run_steps`
    chunk_length: int
    layout: Layout | None


def run_levels(
    levels: Sequence[Level],
    initial: np.ndarray | Sequence[np.ndarray],
    make_problem: Callable[[Level], Pending],
    *,
    evaluate: Evaluate,
    optimizer: optax.GradientTransformation,
    learning_rate: jax.typing.ArrayLike,
    averaging: jax.typing.ArrayLike = 0.0,
    carry: Carry | None = None,
    stop_every: int = 0,
    batch: Batch | None = None,
) -> Iterator[Chunk]:
    """Optimizes the picture coarse to fine, and yields each chunk once the next one is under way.

    The device therefore never waits for whoever consumes the chunks. Each next level is traced once this
    one's first chunk is under way, and compiled in a thread meanwhile. Without `carry` the optimizer
    starts afresh at each level: its memory is of another size, and of another landscape.

    Args:
        levels: coarse to fine.
        initial: pixels `(H, W, 3)` of any size, resized to the first level; of a batch a list of such.
        make_problem: the second argument of `evaluate` at a level.
        evaluate: function of pixels and problem to minimize; see `run_steps`.
        optimizer: see `make_transformation`.
        learning_rate: factor on the optimizer's direction.
        averaging: weight of the level's earlier pictures in their average, which is the picture of each
            chunk and what the next level starts from; see `run_steps`.
        carry: makes a level's optimizer state from the last one's, and its pixels.
        stop_every: where positive, a chunk ends at every multiple of this many steps in all.
        batch: several pictures at once; see `run_steps` for what is then an array of one number each.
    """
    if batch is not None and carry is not None:
        carry = jax.vmap(carry)
    several = 1 if batch is None else batch.pictures

    def trace(level: Level, done: int) -> Callable[[], Prepared]:
        """Traced in this thread, whose JAX settings hold in no other; the rest can be done elsewhere."""
        pending = make_problem(level)
        length = chunk_length(level, done, stop_every, default_platform(), several)
        step = run_steps.lower(
            state_shapes(optimizer, level.height, level.width, pending.layout, batch=batch),
            pending.shapes,
            learning_rate,
            averaging,
            evaluate=evaluate,
            optimizer=optimizer,
            steps=length,
            batch=batch,
        )
        return lambda: Prepared(pending.compute(), step.compile(), length, pending.layout)

    pixels, total_step, memory = initial, 0, None
    compiler = ThreadPoolExecutor(1, "compiler")
    try:
        coming = compiler.submit(trace(levels[0], 0))
        for index, level in enumerate(levels):
            problem, run_chunk, length, layout = coming.result()
            carried = functools.partial(carry, memory) if carry and memory is not None else None
            start = _resized(pixels, level, batch)
            state = start_state(optimizer, start, averaging, layout, carried, batch=batch)
            pending = None
            for step in range(length, level.steps + 1, length):
                if pending is not None:
                    jax.block_until_ready((state, pending))
                if step <= 3 * length:
                    import ctypes
                    ctypes.CDLL(None).malloc_trim(0)
                state, copy, reports = run_chunk(state, problem, learning_rate, averaging)
                if pending is not None:
                    yield pending
                elif level is not levels[-1]:
                    coming = compiler.submit(trace(levels[index + 1], total_step + level.steps))
                pending = Chunk(index, step, total_step + step, copy, reports, layout)
            assert pending is not None
            yield pending
            pixels, total_step = pending.image(), pending.total_step
            memory = memory_of(state, layout) if carry else None
    finally:
        # A compilation cannot be stopped. The picture need not wait for it; the end of the process does.
        compiler.shutdown(wait=False, cancel_futures=True)


def _resized(
    pixels: np.ndarray | Sequence[np.ndarray], level: Level, batch: Batch | None
) -> np.ndarray:
    """The picture at the level's size, or each of a batch, one above the other."""
    if batch is None:
        return resize(np.asarray(pixels), level.height, level.width)
    return np.stack([resize(each, level.height, level.width) for each in pixels])


def chunk_length(level: Level, done: int, stop_every: int, platform: str, pictures: int = 1) -> int:
    """Steps a chunk: the most that divide the level evenly, so that one program serves it all."""
    pixels = level.pixels * pictures
    bound = min(LONGEST_CHUNK, max(1, CHUNK_PIXELS.get(platform, 2**24) // pixels))
    # gcd(n, 0) = n: without `stop_every` only the level's own steps count.
    common = math.gcd(level.steps, stop_every, done if stop_every else 0)
    return max(length for length in range(1, bound + 1) if common % length == 0)
