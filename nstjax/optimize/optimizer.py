"""The optimizers, as optax has them: gradients in, an ascent direction out, which the step subtracts."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from nstjax.optimize.lbfgs import cautious_lbfgs


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
