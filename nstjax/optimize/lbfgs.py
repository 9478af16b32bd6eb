"""L-BFGS in two passes over its memory, without a line search.

The memory holds the latest m pairs of a step s and the gradient's change y. With these as the columns
of S = [s_1 .. s_m] and Y = [y_1 .. y_m], the approximate inverse Hessian times the gradient g is

    H g = S a + Y b + gamma g
    p = R^-1 S^T g,    a = R^-T (D p + gamma (Y^T Y p - Y^T g)),    b = -gamma p

    R_ij = s_i^T y_j where pair j is as young as i or younger, else 0;    D: R's diagonal
    gamma = s^T y / y^T y of the latest pair

(Byrd, Nocedal and Schnabel 1994, theorem 2.2; the usual two loops over the pairs, Nocedal and Wright's
algorithm 7.4, give the same). All but the sum S a + Y b + gamma g needs inner products only, of which a
step brings those with s, y and g (Chen, Wang and Zhou 2014). So a step reads the memory twice, however
many pairs it holds: for these products, which are one reduction, and for the sum.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import DTypeLike

# Root mean square, in units of pixel values, of the first step and of the longest.
FIRST_STEP = 0.01
LONGEST_STEP = 0.05

LEAST_CURVATURE = 1e-6  # cosine between s and y in a pair that is taken
PROBE = 2.0**30  # of a gradient multiplied or divided by it, one's square is a float32

# Accelerators else multiply with fewer bits, and small differences of the products matter.
_PRECISION = jax.lax.Precision.HIGHEST
_matmul = functools.partial(jnp.matmul, precision=_PRECISION)


class Pairs(NamedTuple):
    """What is known of the m pairs besides their vectors. A new one comes where the oldest was."""

    latest: jax.Array  # (), the place of the latest
    ages: jax.Array  # (m,), for how many steps each has not been the latest; m where there is none
    products: jax.Array  # (2 m, 2 m), inner products of s_1, y_1, s_2, y_2 ..
    inverse: jax.Array  # (m, m), R^-1; zeros in row and column where there is no pair
    gamma: jax.Array  # (), zero before the first pair


class LbfgsState(NamedTuple):
    """What a step knows of the ones before it. Gradients and their changes are in the unit."""

    pixels: jax.Array  # (H, W, 3), of the step before
    gradient: jax.Array  # (H, W, 3), there
    memory: jax.Array  # (2 m, H, W, 3): s_1, y_1, s_2, y_2 ..
    pairs: Pairs
    unit: jax.Array  # (), a power of two near the first gradient's norm; zero before there is one
    size: jax.Array  # (), the norm of a vector whose root mean square is one


def cautious_lbfgs(
    memory_size: int = 20,
    longest_step: float = LONGEST_STEP,
    memory_type: DTypeLike = jnp.float32,
) -> optax.GradientTransformation:
    """The L-BFGS direction, one evaluation a step and without a line search.

    What a line search would make sure of is secured more cheaply here:

    - The memory takes only pairs of positive curvature, `<s, y> > 0`, so that the approximate inverse
      Hessian stays positive definite (the cautious update, Li and Fukushima 2001). In place of another
      pair it takes the latest good one again, which changes nothing but that the oldest is forgotten.
    - The first step, while no curvature is known, follows the gradient for `FIRST_STEP`. With that, the
      path does not depend on the units of the loss.
    - No step is longer than `longest_step`.

    Args:
        memory_size: m, how many pairs are remembered; at least 2.
        longest_step: root mean square of the longest direction, in units of pixel values.
        memory_type: float type of the memory. With bfloat16 a GPU reads half as many bytes, and paths
            are others but as good. A CPU and a TPU turn all of it into float32 first, at each step.
    """

    def init(pixels: jax.Array) -> LbfgsState:
        nothing, size = jnp.zeros(pixels.shape), jnp.float32(math.sqrt(pixels.size))
        memory = jnp.zeros((2 * memory_size, *pixels.shape), memory_type)
        return LbfgsState(nothing, nothing, memory, _no_pairs(memory_size), jnp.zeros(()), size)

    def update(
        gradient: jax.Array, state: LbfgsState, pixels: jax.Array
    ) -> tuple[jax.Array, LbfgsState]:
        step = pixels - state.pixels
        scaled = gradient * _one_over(state.unit)
        vectors = _vectors(step, scaled, state)
        place = (state.pairs.latest + 1) % memory_size
        # Of both at once: of one vector XLA for CPUs would repeat it for each use, on copies.
        memory = jax.lax.dynamic_update_slice_in_dim(
            state.memory, vectors[:2].astype(memory_type), 2 * place, axis=0
        )
        products, square = _inner(memory, vectors), _inner(scaled[None], scaled[None])[0, 0]

        probes = products[2 * place, 0], products[2 * place + 1, 1]
        unit, norm = _unit_and_norm(state.unit, probes, square)
        products = jnp.where(state.unit == 0, 0, products)  # of probes, not of a pair
        pairs = _with_pair(state.pairs, place, products)
        weights = _weights(pairs, products[:, 2], norm, state.size, longest_step)

        in_unit = gradient * _one_over(unit)
        # `pixels` again; but those would have to be copied, and this sum can be written in place.
        here = state.pixels + step
        kept = LbfgsState(here, in_unit, memory, pairs, unit, state.size)
        return _sum(weights, memory, in_unit), kept

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


def _no_pairs(m: int) -> Pairs:
    return Pairs(
        latest=jnp.full((), m - 1, jnp.int32),
        ages=jnp.full(m, m, jnp.int32),
        products=jnp.zeros((2 * m, 2 * m)),
        inverse=jnp.zeros((m, m)),
        gamma=jnp.zeros(()),
    )


def _one_over(unit: jax.Array) -> jax.Array:
    """What brings a gradient into the unit. Before there is one it stays as it is."""
    return jnp.where(unit == 0, 1, 1 / unit)


def _vectors(step: jax.Array, gradient: jax.Array, state: LbfgsState) -> jax.Array:
    """s, y and g `(3, H, W, 3)`; before there is a unit, what tells it in place of s and y."""
    is_first = state.unit == 0
    s = jnp.where(is_first, gradient / PROBE, step)
    y = jnp.where(is_first, gradient * PROBE, gradient - state.gradient)
    kept = state.memory.dtype
    # Without the barrier a GPU computes them for the products, and again for the memory.
    return jax.lax.optimization_barrier(jnp.stack([_rounded(s, kept), _rounded(y, kept), gradient]))


def _rounded(values: jax.Array, dtype: DTypeLike) -> jax.Array:
    """To what the type can hold, and still float32."""
    bits = jnp.finfo(dtype)
    # There and back by `astype` would be nothing to XLA, which may compute with more bits.
    return jax.lax.reduce_precision(values, bits.nexp, bits.nmant)


def _inner(vectors: jax.Array, others: jax.Array) -> jax.Array:
    """Inner products `(M, N)` of vectors `(M, H, W, 3)` with others `(N, H, W, 3)`."""
    # `einsum` would contract the axes in the order of their letters, and to that end copy the vectors.
    axes = tuple(range(1, vectors.ndim))
    return jax.lax.dot_general(
        vectors.astype(others.dtype), others, ((axes, axes), ((), ())), precision=_PRECISION
    )


def _unit_and_norm(
    unit: jax.Array, probes: tuple[jax.Array, jax.Array], square: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The unit, which may be new, and the gradient's norm in it.

    In the loss's own units the first gradient's norm n comes from one of the probes, which are
    (n / PROBE)^2 and (n PROBE)^2: n^2 itself may be too large or too small for a float32.
    """
    reduced, enlarged = probes
    own = jnp.where(reduced > PROBE**-2, jnp.sqrt(reduced) * PROBE, jnp.sqrt(enlarged) / PROBE)
    above = jnp.ldexp(jnp.ones(()), jnp.frexp(own)[1])  # division by a power of two is exact
    first = jnp.where(own == 0, 0, above)
    return (
        jnp.where(unit == 0, first, unit),
        jnp.where(unit == 0, own * _one_over(first), jnp.sqrt(square)),
    )


def _with_pair(pairs: Pairs, place: jax.Array, products: jax.Array) -> Pairs:
    """All pairs one step later, with the one at a place if it is good.

    Args:
        pairs: before this step.
        place: of the step's own s and y in memory.
        products: of all that is there with s, y and g, `(2 m, 3)`.
    """
    m = pairs.ages.size
    s_s, s_y, y_y = products[2 * place, 0], products[2 * place, 1], products[2 * place + 1, 1]
    is_good = s_y > LEAST_CURVATURE * jnp.sqrt(s_s) * jnp.sqrt(y_y)
    places = jnp.arange(m)
    latest = jnp.where(is_good, place, pairs.latest)
    ages = jnp.where(places == latest, 0, jnp.minimum(pairs.ages + 1, m))
    kept = (ages < m) & (places != place)
    weight = jnp.where(is_good, 1 / s_y, 0)
    return Pairs(
        latest=latest,
        ages=ages,
        products=_with_products(pairs.products, place, products),
        inverse=_with_column(pairs.inverse, kept, place, products[::2, 1], weight),
        gamma=jnp.where(is_good, s_y / y_y, pairs.gamma),
    )


def _with_products(matrix: jax.Array, place: jax.Array, products: jax.Array) -> jax.Array:
    """The inner products `(2 m, 2 m)` with those of the s and y at a place."""
    vectors = jnp.arange(matrix.shape[0])
    for vector, column in ((2 * place, products[:, 0]), (2 * place + 1, products[:, 1])):
        matrix = jnp.where(vectors == vector, column[:, None], matrix)
        matrix = jnp.where(vectors[:, None] == vector, column, matrix)
    return matrix


def _with_column(
    inverse: jax.Array, kept: jax.Array, place: jax.Array, s_y: jax.Array, weight: jax.Array
) -> jax.Array:
    """R^-1 of some of the pairs and a new one. With c = S^T y and d = s^T y of that one,

        [ R  c ]^-1   [ R^-1  -R^-1 c / d ]
        [ 0  d ]    = [  0        1 / d   ]

    and without the oldest pair the inverse lacks its row and column, since R is triangular. LAPACK
    inverts such matrices column by column too, with errors as small as a solution's.

    Args:
        inverse: `(m, m)`.
        kept: `(m,)`, whether a pair stays.
        place: of the new one.
        s_y: `(m,)`, c, and d at the place.
        weight: 1 / d; zero where there is no new one.
    """
    inverse = jnp.where(kept[:, None] & kept, inverse, 0)
    is_new = jnp.arange(kept.size) == place
    column = jnp.where(is_new, 1, -_matmul(inverse, s_y)) * weight
    return jnp.where(is_new, column[:, None], inverse)


def _weights(
    pairs: Pairs, of_gradient: jax.Array, norm: jax.Array, size: jax.Array, longest_step: float
) -> jax.Array:
    """How much of each vector in memory, and of the gradient, the direction has: `(2 m + 1,)`.

    Args:
        pairs: with this step's.
        of_gradient: its inner products with the memory, `(2 m,)`.
        norm: its norm.
        size: norm of a vector with a root mean square of one.
        longest_step: see `cautious_lbfgs`.
    """
    first = jnp.where(norm == 0, 0, FIRST_STEP * size / norm)
    gamma = jnp.where(pairs.gamma > 0, pairs.gamma, first)
    s_g, y_g = of_gradient.reshape(-1, 2).T
    d = jnp.diagonal(pairs.products[::2, 1::2])
    p = _matmul(pairs.inverse, s_g)
    a = _matmul(d * p + gamma * (_matmul(pairs.products[1::2, 1::2], p) - y_g), pairs.inverse)
    weights = jnp.append(jnp.stack([a, -gamma * p], axis=1), gamma)

    # |H g|^2 = w^T G w with these weights and the inner products G of memory and gradient.
    column = of_gradient[:, None]
    gram = jnp.block([[pairs.products, column], [column.T, norm**2]])
    length = jnp.sqrt(jnp.maximum(jnp.sum(weights[:, None] * gram * weights), 0))
    return weights / jnp.maximum(1, length / (longest_step * size))


def _sum(weights: jax.Array, memory: jax.Array, gradient: jax.Array) -> jax.Array:
    """S a + Y b + gamma g, `(H, W, 3)`."""
    # In two halves: sums of fewer than 32 vectors a GPU computes along with what they are for.
    one, other = jax.lax.dot_general(
        weights[:-1].reshape(2, -1),
        memory.reshape(2, -1, *gradient.shape).astype(gradient.dtype),
        (((1,), (1,)), ((0,), (0,))),
        precision=_PRECISION,
    )
    return one + other + weights[-1] * gradient
