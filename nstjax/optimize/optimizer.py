"""The optimizers, from optax: gradients in, an ascent direction out, which the step subtracts."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

# Root mean square, in units of pixel values, of the first L-BFGS step and of the longest.
FIRST_STEP = 0.01
LONGEST_STEP = 0.05


def cautious_lbfgs(
    memory_size: int = 20, longest_step: float = LONGEST_STEP
) -> optax.GradientTransformation:
    """The L-BFGS direction, one evaluation a step and without a line search.

    What a line search would make sure of is secured more cheaply here:

    - The memory takes only pairs of positive curvature, `<x - x', g - g'> > 0`, so that the approximate
      inverse Hessian stays positive definite (the cautious update, Li and Fukushima 2001). In place of
      another pair it takes the latest good one again, which changes nothing.
    - The first step, while no curvature is known, follows the gradient for `FIRST_STEP`. With that, the
      path does not depend on the units of the loss.
    - No step is longer than `longest_step`.
    """
    inner = optax.scale_by_lbfgs(memory_size)

    def update(gradient, state, pixels):
        moved, change = pixels - state.params, gradient - state.updates
        norms = jnp.linalg.norm(moved) * jnp.linalg.norm(change)
        curved = (jnp.vdot(moved, change) > 1e-6 * norms) | (state.count == 0)
        # optax takes differences to these two, and has stored the latest ones two steps back.
        latest = (state.count - 2) % memory_size
        again, change_again = state.diff_params_memory[latest], state.diff_updates_memory[latest]
        state = state._replace(
            params=jnp.where(curved, state.params, pixels - again),
            updates=jnp.where(curved, state.updates, gradient - change_again),
        )
        direction, state = inner.update(gradient, state, pixels)
        curvature_is_known = jnp.any(state.weights_memory > 0)  # type: ignore[attr-defined]
        return jnp.where(curvature_is_known, direction, FIRST_STEP * _unit(gradient)), state  # type: ignore[arg-type]

    return optax.chain(
        optax.GradientTransformation(inner.init, update),  # type: ignore[arg-type]
        optax.clip_by_block_rms(longest_step),
    )


def _unit(gradient: jax.Array) -> jax.Array:
    """The gradient with a root mean square of one; zero stays zero, and tiny values do not underflow."""
    largest = jnp.maximum(jnp.max(jnp.abs(gradient)), 1e-30)
    scaled = gradient / largest
    return scaled / jnp.maximum(jnp.sqrt(jnp.mean(jnp.square(scaled))), 1e-6)


def carry_moments(state: optax.ScaleByAdamState, pixels: jax.Array) -> optax.ScaleByAdamState:
    """Adam's moments for pixels `(H, W, 3)` of another size, and its count of steps as it is.

    As style-transfer-pytorch does: the mean by cubic interpolation, the squares by linear, which
    stay positive.
    """

    def enlarged(moment: optax.Updates, method: str) -> jax.Array:
        return jax.image.resize(jnp.asarray(moment), pixels.shape, method, antialias=False)

    return state._replace(mu=enlarged(state.mu, "cubic"), nu=enlarged(state.nu, "linear"))


def _lbfgs(adam_beta2: float) -> optax.GradientTransformation:
    del adam_beta2
    return cautious_lbfgs()


def _adam(adam_beta2: float) -> optax.GradientTransformation:
    """Kingma and Ba 2015, with the beta1 and epsilon that they suggest.

    Their beta2 is 0.999. By default ours is less, a shorter memory of squared gradients, since the
    losses change fast in the first steps of a level.
    """
    return optax.scale_by_adam(b1=0.9, b2=adam_beta2, eps=1e-8)


class Optimizer(NamedTuple):
    """How to turn gradients into steps, and how long the steps are unless somebody says."""

    transformation: Callable[[float], optax.GradientTransformation]  # from `adam_beta2`
    learning_rate: float
    # Its state for pixels (H, W, 3) of another size, where it can go on at the next level.
    carry: Callable[[Any, jax.Array], Any] | None = None


OPTIMIZERS = {
    "lbfgs": Optimizer(_lbfgs, 1.0),
    "adam": Optimizer(_adam, 0.02, carry_moments),
}


@functools.cache
def make_transformation(name: str, adam_beta2: float) -> optax.GradientTransformation:
    """The optimizer of that name; the same object each time, so that compiled steps are reused.

    Args:
        name: a name of `OPTIMIZERS`.
        adam_beta2: weight of the earlier squared gradients in Adam's average of them.
    """
    return OPTIMIZERS[name].transformation(adam_beta2)


def initial_state(optimizer: optax.GradientTransformation, pixels: jax.Array) -> optax.OptState:
    """A fresh state in buffers of its own: the step donates them, so none may be shared."""
    return jax.tree.map(jnp.copy, optimizer.init(pixels))
