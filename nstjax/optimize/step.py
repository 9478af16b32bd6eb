"""One optimizer step on the pixels, compiled in chunks."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

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
