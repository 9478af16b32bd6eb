"""The optimizers, from optax: gradients in, an ascent direction out, which the step subtracts."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

# Root mean square of the longest L-BFGS step, in units of pixel values.
TRUST_RADIUS = 0.05


def cautious_lbfgs(memory_size: int = 20) -> optax.GradientTransformation:
    """The L-BFGS direction, one evaluation a step and without a line search.

    A line search would make sure of two things that are secured more cheaply here. The memory takes
    only pairs of positive curvature, `<x - x', g - g'> > 0`, so that the approximate inverse Hessian
    stays positive definite (the cautious update, Li and Fukushima 2001): other pairs enter as zeros,
    which optax ignores. The length of a step is bounded by `TRUST_RADIUS`.
    """
    inner = optax.scale_by_lbfgs(memory_size)

    def update(gradient, state, pixels):
        moved, change = pixels - state.params, gradient - state.updates
        norms = jnp.linalg.norm(moved) * jnp.linalg.norm(change)
        curved = jnp.vdot(moved, change) > 1e-6 * norms
        # The memory stores differences to these two; none are taken where there is no curvature.
        state = state._replace(
            params=jnp.where(curved, state.params, pixels),
            updates=jnp.where(curved, state.updates, gradient),
        )
        return inner.update(gradient, state, pixels)

    return optax.chain(
        optax.GradientTransformation(inner.init, update),  # type: ignore[arg-type]
        optax.clip_by_block_rms(TRUST_RADIUS),
    )


class Optimizer(NamedTuple):
    """How to turn gradients into steps, and how long the steps are unless somebody says."""

    transformation: Callable[[], optax.GradientTransformation]
    learning_rate: float


OPTIMIZERS = {
    "lbfgs": Optimizer(cautious_lbfgs, 1.0),
    # Kingma and Ba 2015; a shorter memory of squared gradients than usual, since the losses change
    # fast in the first steps of a level.
    "adam": Optimizer(functools.partial(optax.scale_by_adam, b1=0.9, b2=0.99), 0.02),
}


@functools.cache
def make_transformation(name: str) -> optax.GradientTransformation:
    """The optimizer of that name; the same object each time, so that compiled steps are reused."""
    return OPTIMIZERS[name].transformation()


def initial_state(optimizer: optax.GradientTransformation, pixels: jax.Array) -> optax.OptState:
    """A fresh state in buffers of its own: the step donates them, so none may be shared."""
    return jax.tree.map(jnp.copy, optimizer.init(pixels))
