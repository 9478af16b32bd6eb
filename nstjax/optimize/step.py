"""One optimizer step on the pixels, compiled in chunks."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nstjax.optimize.optimizer import initial_state

# (pixels, problem) -> (loss to minimize, pytree of scalars to report)
Evaluate = Callable[[jax.Array, Any], tuple[jax.Array, Any]]


class State(NamedTuple):
    """What a step changes."""

    pixels: jax.Array  # (H, W, 3), in [0, 1]
    optimizer: optax.OptState
    average: jax.Array  # (H, W, 3), weighted sum of the level's pictures until now
    missing: jax.Array  # (), how much its weights lack to one


@functools.partial(
    jax.jit, static_argnames=("evaluate", "optimizer", "steps"), donate_argnames="state"
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

    Returns: the new state, the average of the level's pictures (with no averaging a copy of the last)
    that outlives the state's donation to the next chunk, and the reports stacked over steps (of the
    pixels before each step).
    """
    gradient_of = jax.value_and_grad(evaluate, has_aux=True)

    def step(state: State, _):
        (_, report), gradient = gradient_of(state.pixels, problem)
        direction, memory = optimizer.update(gradient, state.optimizer, state.pixels)
        pixels = jnp.clip(state.pixels - learning_rate * direction, 0, 1)  # type: ignore[operator]
        average = averaging * state.average + (1 - averaging) * pixels
        return State(pixels, memory, average, averaging * state.missing), report

    state, reports = jax.lax.scan(step, state, length=steps)
    # Without its lack of weight, as Adam's moments (Kingma and Ba 2015, section 3).
    return state, state.average / (1 - state.missing), reports


def first_state(
    optimizer: optax.GradientTransformation,
    pixels: jax.typing.ArrayLike,
    averaging: float = 0.0,
) -> State:
    """The state at a picture `(H, W, 3)`, with no memory of another."""
    start = jnp.array(pixels, jnp.float32)
    missing = jnp.array(averaging, jnp.float32)
    return State(start, initial_state(optimizer, start), (1 - missing) * start, missing)


def lower_steps(
    height: int,
    width: int,
    problem: Any,
    learning_rate: float,
    averaging: float,
    *,
    evaluate: Evaluate,
    optimizer: optax.GradientTransformation,
    steps: int,
) -> jax.stages.Lowered:
    """`run_steps` traced for a picture of that many pixels; shapes suffice for the problem's arrays."""
    pixels = jax.ShapeDtypeStruct((height, width, 3), jnp.float32)
    return run_steps.lower(
        jax.eval_shape(lambda pixels: first_state(optimizer, pixels), pixels),
        problem,
        learning_rate,
        averaging,
        evaluate=evaluate,
        optimizer=optimizer,
        steps=steps,
    )
