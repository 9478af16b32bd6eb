"""Functions to minimize, and the plain loop that does."""

import jax
import jax.numpy as jnp
import numpy as np

from nstjax.optimize.optimizer import initial_state


def descend(optimizer, function, start, steps, learning_rate=1.0):
    """Where `steps` steps of an optimizer lead from a start `(N,)`."""

    @jax.jit
    def step(x, state):
        gradient = jax.grad(function)(x)
        direction, state = optimizer.update(gradient, state, x)
        return x - learning_rate * direction, state

    x, state = start, initial_state(optimizer, start)
    for _ in range(steps):
        x, state = step(x, state)
    return x


def quadratic(dimension, condition):
    """A bowl with curvatures from 1 to `condition`, and its minimum `(dimension,)`."""
    curvatures = jnp.logspace(0, np.log10(condition), dimension)
    minimum = jnp.linspace(-0.02, 0.02, dimension)
    return lambda x: 0.5 * jnp.sum(curvatures * (x - minimum) ** 2), minimum
