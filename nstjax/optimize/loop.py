"""The host's side of the optimization: chunks of steps, level after level."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nstjax.images import resize
from nstjax.optimize.optimizer import initial_state
from nstjax.optimize.pyramid import Level
from nstjax.optimize.step import Evaluate, State, run_steps

# How many pixels, summed over steps, a chunk may hold. A chunk cannot be interrupted, so it should
# last under a second; but an accelerator needs long ones to be kept busy.
CHUNK_PIXELS = {"cpu": 2**17, "gpu": 2**24, "tpu": 2**24}
LONGEST_CHUNK = 50


class Chunk(NamedTuple):
    """Some finished steps of one level."""

    level: int  # index into the levels
    step: int  # steps done at this level
    total_step: int  # steps done at all levels
    pixels: jax.Array  # (H, W, 3), the picture after these steps
    reports: Any  # what `evaluate` reported, stacked over the chunk's steps


def run_levels(
    levels: Sequence[Level],
    initial: np.ndarray,
    make_problem: Callable[[Level], Any],
    *,
    evaluate: Evaluate,
    optimizer: optax.GradientTransformation,
    learning_rate: float,
    stop_every: int = 0,
) -> Iterator[Chunk]:
    """Optimizes the picture coarse to fine, and yields each chunk once the next one is under way.

    The device therefore never waits for whoever consumes the chunks. The optimizer starts afresh at
    each level: its memory is of another size, and of another landscape.

    Args:
        levels: coarse to fine.
        initial: pixels `(H, W, 3)` of any size, resized to the first level.
        make_problem: the second argument of `evaluate` at a level.
        evaluate: function of pixels and problem to minimize; see `run_steps`.
        optimizer: see `make_transformation`.
        learning_rate: factor on the optimizer's direction.
        stop_every: where positive, a chunk ends at every multiple of this many steps in all.
    """
    pixels, total_step = initial, 0
    for index, level in enumerate(levels):
        problem = make_problem(level)
        start = jnp.array(resize(pixels, level.height, level.width), jnp.float32)
        state = State(start, initial_state(optimizer, start))
        platform = next(iter(start.devices())).platform
        length = chunk_length(level, total_step, stop_every, platform)
        pending = None
        for step in range(length, level.steps + 1, length):
            state, copy, reports = run_steps(
                state,
                problem,
                learning_rate,
                evaluate=evaluate,
                optimizer=optimizer,
                steps=length,
            )
            if pending is not None:
                yield pending
            pending = Chunk(index, step, total_step + step, copy, reports)
        assert pending is not None
        yield pending
        pixels, total_step = np.asarray(pending.pixels), pending.total_step


def chunk_length(level: Level, done: int, stop_every: int, platform: str) -> int:
    """Steps a chunk: the most that divide the level evenly, so that one program serves it all."""
    bound = min(LONGEST_CHUNK, max(1, CHUNK_PIXELS.get(platform, 2**24) // level.pixels))
    # gcd(n, 0) = n: without `stop_every` only the level's own steps count.
    common = math.gcd(level.steps, stop_every, done if stop_every else 0)
    return max(length for length in range(1, bound + 1) if common % length == 0)
