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


class Memory(NamedTuple):
    """How much an optimizer remembers of its path."""

    pairs: int
    type: str  # of floats

    @property
    def told(self) -> str:
        """What a person should know of it."""
        return f"L-BFGS remembers {self.pairs} steps, in {self.type}"


# The usual one first. Where the memory of the device does not suffice for it there are others; a CPU and
# a TPU would turn bfloat16 into float32 at each step.
MEMORIES = {
    "gpu": (
        Memory(20, "float32"),
        Memory(20, "bfloat16"),
        Memory(10, "bfloat16"),
        Memory(5, "bfloat16"),
    )
}
OTHER_MEMORIES = (Memory(20, "float32"), Memory(10, "float32"), Memory(5, "float32"))


def _lbfgs(adam_beta2: float, memory: Memory) -> optax.GradientTransformation:
    del adam_beta2
    return cautious_lbfgs(memory.pairs, memory_type=memory.type)


def _adam(adam_beta2: float, memory: None) -> optax.GradientTransformation:
    """Kingma and Ba 2015, with the beta1 and epsilon that they suggest.

    Their beta2 is 0.999. By default ours is less, a shorter memory of squared gradients, since the
    losses change fast in the first steps of a level.
    """
    del memory
    return optax.scale_by_adam(b1=0.9, b2=adam_beta2, eps=1e-8)


class Optimizer(NamedTuple):
    """How to turn gradients into steps, and how long the steps are unless somebody says."""

    # From `adam_beta2` and a memory.
    transformation: Callable[[float, Any], optax.GradientTransformation]
    learning_rate: float
    # Its state for pixels (H, W, 3) of another size, where it can go on at the next level.
    carry: Callable[[Any, jax.Array], Any] | None = None
    has_memory: bool = False

    def memories(self, platform: str) -> tuple[Memory | None, ...]:
        """What it may remember on a platform, the best first."""
        return MEMORIES.get(platform, OTHER_MEMORIES) if self.has_memory else (None,)


OPTIMIZERS = {
    "lbfgs": Optimizer(_lbfgs, 1.0, has_memory=True),
    "adam": Optimizer(_adam, 0.02, carry_moments),
}


@functools.cache
def make_transformation(
    name: str, adam_beta2: float, memory: Memory | None = None
) -> optax.GradientTransformation:
    """The optimizer of that name; the same object each time, so that compiled steps are reused.

    Args:
        name: a name of `OPTIMIZERS`.
        adam_beta2: weight of the earlier squared gradients in Adam's average of them.
        memory: one of its memories; None: the usual one.
    """
    optimizer = OPTIMIZERS[name]
    return optimizer.transformation(adam_beta2, memory or optimizer.memories("")[0])


def initial_state(optimizer: optax.GradientTransformation, pixels: jax.Array) -> optax.OptState:
    """A fresh state in buffers of its own: the step donates them, so none may be shared."""
    return jax.tree.map(jnp.copy, optimizer.init(pixels))
