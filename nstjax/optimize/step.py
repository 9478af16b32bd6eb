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


@functools.partial(
    jax.jit, static_argnames=("evaluate", "optimizer", "steps"), donate_argnames="state"
)
def run_steps(
    state: State,
    problem: Any,
    learning_rate: jax.typing.ArrayLike,
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
        evaluate: hashable function that is minimized; equal ones share a compiled program.
        optimizer: turns gradients into ascent directions.
        steps: length of the chunk.

    Returns: the new state, a copy of its pixels that outlives the state's donation to the next chunk,
    and the reports stacked over steps (of the pixels before each step).
    """
    gradient_of = jax.value_and_grad(evaluate, has_aux=True)

    def step(state: State, _):
        (_, report), gradient = gradient_of(state.pixels, problem)
        direction, memory = optimizer.update(gradient, state.optimizer, state.pixels)
        pixels = jnp.clip(state.pixels - learning_rate * direction, 0, 1)  # type: ignore[operator]
        return State(pixels, memory), report

    state, reports = jax.lax.scan(step, state, length=steps)
    return state, jnp.copy(state.pixels), reports


def first_state(optimizer: optax.GradientTransformation, pixels: jax.typing.ArrayLike) -> State:
    """The state at a picture `(H, W, 3)`, with no memory of another."""
    start = jnp.array(pixels, jnp.float32)
    return State(start, initial_state(optimizer, start))


def lower_steps(
    height: int,
    width: int,
    problem: Any,
    learning_rate: float,
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
        evaluate=evaluate,
        optimizer=optimizer,
        steps=steps,
    )
