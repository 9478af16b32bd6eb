"""One optimizer step on the pixels, compiled in chunks."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nstjax.optimize.batches import Batch
from nstjax.optimize.optimizer import initial_state

# (pixels, problem) -> (loss to minimize, pytree of scalars to report)
Evaluate = Callable[[jax.Array, Any], tuple[jax.Array, Any]]


class State(NamedTuple):
    """What a step changes. Of a batch each array has the pictures as a first axis more."""

    pixels: jax.Array  # (H, W, 3), in [0, 1]
    optimizer: optax.OptState
    average: jax.Array  # (H, W, 3), weighted sum of the level's pictures until now
    missing: jax.Array  # (), how much its weights lack to one


@functools.partial(
    jax.jit, static_argnames=("evaluate", "optimizer", "steps", "batch"), donate_argnames="state"
)
def run_steps(
    state: State,
    problem: Any,
    learning_rate: jax.typing.ArrayLike,
    averaging: jax.Array | float,
    *,
    evaluate: Evaluate,
    optimizer: optax.GradientTransformation,
    steps: int,
    batch: Batch | None = None,
) -> tuple[State, jax.Array, Any]:
    """`steps` steps of projected descent, x <- clip(x - learning_rate * direction, 0, 1).

    One program without a way back to the host: `scan`, with the state's buffers donated.

    Args:
        state: the picture and the optimizer's memory; its buffers are gone afterwards.
        problem: whatever `evaluate` needs besides the pixels (network, targets, loss weights); traced,
            so that its numbers can change without compiling again.
        learning_rate: factor on the optimizer's direction; traced.
        averaging: weight a of the earlier pictures in the average, m <- a m + (1 - a) x; traced.
        evaluate: hashable function that is minimized; equal ones share a compiled program.
        optimizer: turns gradients into ascent directions.
        steps: length of the chunk.
        batch: where the state is that of several pictures; learning_rate and averaging are then
            `(B,)`, and reports `(steps, B)`.

    Returns: the new state, the average of the level's pictures (with no averaging a copy of the last)
    that outlives the state's donation to the next chunk, and the reports stacked over steps (of the
    pixels before each step).
    """
    gradient_of = jax.value_and_grad(evaluate, has_aux=True)

    def step(state: State, problem: Any, learning_rate, averaging) -> tuple[State, Any]:
        (_, report), gradient = gradient_of(state.pixels, problem)
        direction, memory = optimizer.update(gradient, state.optimizer, state.pixels)
        pixels = jnp.clip(state.pixels - learning_rate * direction, 0, 1)  # type: ignore[operator]
        average = averaging * state.average + (1 - averaging) * pixels
        return State(pixels, memory, average, averaging * state.missing), report

    def picture(average: jax.Array, missing: jax.Array) -> jax.Array:
        # Without its lack of weight, as Adam's moments (Kingma and Ba 2015, section 3).
        return average / (1 - missing)

    if batch is not None:
        step, picture = jax.vmap(step, (0, batch.axes, 0, 0)), jax.vmap(picture)
        step = batch.over_devices(step)
    state, reports = jax.lax.scan(
        lambda state, _: step(state, problem, learning_rate, averaging), state, length=steps
    )
    return state, picture(state.average, state.missing), reports


def first_state(
    optimizer: optax.GradientTransformation,
    pixels: jax.typing.ArrayLike,
    averaging: jax.typing.ArrayLike = 0.0,
    *,
    batch: Batch | None = None,
) -> State:
    """The state at a picture `(H, W, 3)`, with no memory of another.

    Of a batch pictures are `(B, H, W, 3)`, and averaging `(B,)`.
    """
    if batch is not None:
        each = jax.vmap(functools.partial(first_state, optimizer))
        return each(jnp.asarray(pixels), jnp.asarray(averaging))
    start = jnp.array(pixels, jnp.float32)
    missing = jnp.array(averaging, jnp.float32)
    return State(start, initial_state(optimizer, start), (1 - missing) * start, missing)
