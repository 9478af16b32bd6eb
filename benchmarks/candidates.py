"""Ways to minimize the default loss: what `search.py` tries."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.spectrum import over_frequencies
from nstjax.optimize import make_transformation
from nstjax.optimize.lbfgs import LONGEST_STEP, LbfgsState, Pairs, cautious_lbfgs
from nstjax.settings import Settings


@dataclass(frozen=True)
class Candidate:
    """A way from the content picture to the result; what is not said is as by default."""

    optimizer: Callable[[], optax.GradientTransformation]
    learning_rates: tuple[float, ...] = (1.0,)  # of the last levels; the first of them before
    settings: dict = field(default_factory=dict)
    recolored: float = 0.0  # how far the first picture takes over the style's colors, up to 1
    detail: float = 0.0  # how much of the content's finer detail is added when a level begins
    carried: bool = False  # whether L-BFGS's memory goes on to the next level

    def learning_rate(self, levels_left: int) -> float:
        """At a level with so many finer ones to come."""
        return self.learning_rates[max(len(self.learning_rates) - 1 - levels_left, 0)]


@cache
def lbfgs(
    memory: int = 20, exponent: float = 0.0, longest: float = LONGEST_STEP
) -> optax.GradientTransformation:
    """L-BFGS over pixels, or over frequencies."""
    if not exponent:
        return cautious_lbfgs(memory, longest)
    unbounded = over_frequencies(cautious_lbfgs(memory, math.inf), exponent)
    return optax.chain(unbounded, optax.clip_by_block_rms(longest))


adam = partial(make_transformation, "adam", Settings().adam_beta2)

CANDIDATES = {
    "L-BFGS over pixels": Candidate(lbfgs),
    "over frequencies": Candidate(partial(lbfgs, exponent=0.5)),
    "memory 5": Candidate(partial(lbfgs, memory=5)),
    "memory 10": Candidate(partial(lbfgs, memory=10)),
    "memory 40": Candidate(partial(lbfgs, memory=40)),
    "steps up to 0.1": Candidate(partial(lbfgs, longest=0.1)),
    "memory carried over": Candidate(lbfgs, carried=True),
    "recolored": Candidate(lbfgs, recolored=1.0),
    "half recolored": Candidate(lbfgs, recolored=0.5),
    "detail added": Candidate(lbfgs, detail=1.0),
    "one level": Candidate(lbfgs, settings={"coarse_steps": 0}),
    "levels by 2 from 100 px": Candidate(lbfgs, settings={"level_ratio": 2.0, "coarsest": 100}),
    "levels by 1.4": Candidate(lbfgs, settings={"level_ratio": 1.4, "coarse_steps": 30}),
    "twice the coarse steps": Candidate(lbfgs, settings={"coarse_steps": 90}),
    "half the coarse steps": Candidate(lbfgs, settings={"coarse_steps": 25}),
    "Adam 0.02": Candidate(adam, (0.02,)),
    "Adam 0.06, then 0.03": Candidate(adam, (0.06, 0.03)),
}


def carry_memory(state: Any, pixels: jax.Array) -> LbfgsState:
    """The state of `lbfgs` at another size, for a picture `(H, W, 3)`.

    Steps are interpolated, and so are changes of the gradient; those also shrink with the pixel's share
    of the picture, since the losses are means.
    """
    height, width, _ = state.pixels.shape
    resized = jax.vmap(lambda each: jax.image.resize(each, pixels.shape, "linear"))(state.memory)
    share = height * width / (pixels.shape[0] * pixels.shape[1])
    memory = resized.at[1::2].multiply(share)
    return LbfgsState(
        pixels=jnp.copy(pixels),
        gradient=jnp.zeros_like(pixels),
        memory=memory,
        pairs=_pairs_of(memory, state.pairs.ages),
        unit=state.unit,
        size=jnp.float32(math.sqrt(pixels.size)),
    )


def _pairs_of(memory: jax.Array, ages: jax.Array) -> Pairs:
    """What L-BFGS knows of a memory, of which only pairs of positive curvature stay."""
    m = ages.size
    products = jnp.tensordot(memory, memory, ((1, 2, 3), (1, 2, 3)))
    s_y = products[::2, 1::2]
    curvatures = jnp.diagonal(s_y)
    good = (ages < m) & (curvatures > 0)
    ages = jnp.where(good, ages, m)
    latest = jnp.argmin(ages).astype(jnp.int32)
    both = good[:, None] & good
    triangle = jnp.where(both & (ages[:, None] >= ages), s_y, 0) + jnp.diag(jnp.where(good, 0, 1))
    gamma = curvatures[latest] / jnp.where(good[latest], products[1::2, 1::2][latest, latest], 1)
    return Pairs(
        latest=latest,
        ages=ages,
        products=products,
        inverse=jnp.where(both, jnp.linalg.inv(triangle), 0),
        gamma=jnp.where(good[latest], gamma, 0),
    )
