"""L-BFGS by optax's two loops over the pairs, made cautious: what ours has to equal."""

import jax.numpy as jnp
import optax


def two_loops(memory_size: int, longest_step: float, first_step: float):
    """An optimizer of arrays of any shape, whose state says in `count` how often it was called."""
    inner = optax.scale_by_lbfgs(memory_size)

    def update(gradient, state, pixels):
        moved, change = pixels - state.params, gradient - state.updates
        norms = jnp.linalg.norm(moved) * jnp.linalg.norm(change)
        is_good = (jnp.vdot(moved, change) > 1e-6 * norms) | (state.count == 0)
        # optax takes differences to these two, and has stored the latest ones two steps back.
        latest = (state.count - 2) % memory_size
        again, change_again = state.diff_params_memory[latest], state.diff_updates_memory[latest]
        state = state._replace(
            params=jnp.where(is_good, state.params, pixels - again),
            updates=jnp.where(is_good, state.updates, gradient - change_again),
        )
        direction, state = inner.update(gradient, state, pixels)
        unit = gradient / jnp.sqrt(jnp.mean(gradient**2))
        is_known = jnp.any(state.weights_memory > 0)
        return jnp.where(is_known, direction, first_step * unit), state

    plain = optax.GradientTransformation(inner.init, update)
    return optax.chain(plain, optax.clip_by_block_rms(longest_step))
