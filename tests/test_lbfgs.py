import functools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from reference.descent import descend, quadratic
from reference.inputs import relative_error
from reference.two_loops import two_loops

from nstjax.optimize.lbfgs import FIRST_STEP, LONGEST_STEP, PROBE, cautious_lbfgs
from nstjax.optimize.optimizer import initial_state

ROOT = Path(__file__).parents[1]
# The same objects for the same arguments, so that they are compiled once.
ours, theirs = functools.cache(cautious_lbfgs), functools.cache(two_loops)
RANDOM = np.random.default_rng(7)
CURVATURES = np.exp(RANDOM.normal(size=60))
WAVES = RANDOM.uniform(0, 6, 60)


def bowl(x):
    return CURVATURES * x


def wavy(x):
    """The gradient of a function that is concave in places."""
    return CURVATURES * x + 4 * np.sin(3 * x + WAVES)


def hill(x):
    return -CURVATURES * x


def walk(*legs):
    """Points of a random walk and the gradients there `(N, 60)`: legs of (gradient, steps)."""
    random = np.random.default_rng(3)
    x, points, gradients = random.normal(size=60), [], []
    for gradient, steps in legs:
        for _ in range(steps):
            x = x + 0.3 * np.exp(random.normal()) * random.normal(size=60)
            points.append(x)
            gradients.append(gradient(x))
    return np.array(points, np.float32), np.array(gradients, np.float32)


def rejected(points, gradients):
    """How many of the walk's pairs have no positive curvature."""
    s, y = np.diff(points, axis=0), np.diff(gradients, axis=0)
    norms = np.linalg.norm(s, axis=1) * np.linalg.norm(y, axis=1)
    return int(np.sum(np.sum(s * y, axis=1) <= 1e-6 * norms))


def follow(optimizer, points, gradients):
    """The directions along a walk `(N, 60)`, and the last state."""
    update = jax.jit(optimizer.update)
    state, directions = initial_state(optimizer, jnp.asarray(points[0])), []
    for point, gradient in zip(points, gradients, strict=True):
        direction, state = update(jnp.asarray(gradient), state, jnp.asarray(point))
        directions.append(np.asarray(direction))
    return np.array(directions), state


WALKS = {
    "a bowl": (walk((bowl, 60)), 0),
    "waves": (walk((wavy, 80)), 5),
    "a hill first": (walk((hill, 4), (wavy, 50)), 7),
    "more rejected than remembered": (walk((bowl, 9), (hill, 8), (wavy, 40)), 9),
    "one good pair between": (walk((bowl, 6), (hill, 3), (bowl, 2), (hill, 3), (bowl, 9)), 6),
}


@pytest.mark.parametrize("memory_size", [2, 5, 20])
@pytest.mark.parametrize("name", WALKS)
def test_directions_are_those_of_the_two_loops(name, memory_size):
    (points, gradients), at_least = WALKS[name]
    assert rejected(points, gradients) >= at_least
    expected, _ = follow(theirs(memory_size, math.inf, FIRST_STEP), points, gradients)
    found, _ = follow(ours(memory_size, math.inf), points, gradients)
    for one, other in zip(found, expected, strict=True):
        assert relative_error(one, other) < 3e-5


@pytest.mark.parametrize("longest_step", [1e-3, 0.05])
def test_steps_are_cut_off_where_those_of_the_two_loops_are(longest_step):
    points, gradients = walk((bowl, 30))
    expected, _ = follow(theirs(5, longest_step, FIRST_STEP), points, gradients)
    found, _ = follow(ours(5, longest_step), points, gradients)
    lengths = np.sqrt(np.mean(found**2, axis=1))
    np.testing.assert_allclose(lengths.max(), longest_step, rtol=1e-5)
    assert relative_error(found, expected) < 1e-5


PATHS = {
    "quadratic": quadratic(60, 100)[0],
    "waves": lambda x: jnp.sum(0.5 * CURVATURES * x**2 - 4 / 3 * jnp.cos(3 * x + WAVES)),
}


@pytest.mark.parametrize("function", PATHS)
def test_paths_are_those_of_the_two_loops(function):
    """As far as rounding does not grow from step to step."""
    expected, found = (
        descend(optimizer, PATHS[function], jnp.full(60, 0.5), 25)
        for optimizer in (theirs(20, LONGEST_STEP, FIRST_STEP), ours(20))
    )
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_conjugate_steps_give_newtons_direction():
    """With as many as dimensions H y = s for all of them, so that H is the inverse Hessian."""
    hessian = np.diag([1.0, 3, 10, 30, 100])
    steps = np.diag([0.1, 0.2, -0.1, 0.3, 0.2])
    points = np.cumsum(np.vstack([np.full(5, 0.4), steps]), axis=0).astype(np.float32)
    directions, state = follow(ours(8, math.inf), points, points @ hessian)
    np.testing.assert_allclose(directions[-1], points[-1], rtol=1e-5)
    gradient = jnp.asarray([1.0, -2, 3, -4, 5])
    direction, _ = jax.jit(ours(8, math.inf).update)(gradient, state, points[-1])
    # The pair of the last point and this gradient is none: it has not moved.
    np.testing.assert_allclose(direction, np.linalg.solve(hessian, gradient), rtol=1e-5)


@pytest.mark.parametrize("memory_type", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("name", WALKS)
def test_the_numbers_kept_are_those_of_the_vectors_in_memory(name, memory_type):
    points, gradients = WALKS[name][0]
    _, state = follow(ours(6, memory_type=memory_type), points, gradients)
    pairs = state.pairs
    alive = np.flatnonzero(pairs.ages < 6)
    order = alive[np.argsort(-np.asarray(pairs.ages)[alive])]  # oldest first
    memory = np.asarray(state.memory, np.float64)
    products = memory @ memory.T
    rows = np.concatenate([2 * order, 2 * order + 1])
    kept = np.ix_(rows, rows)
    assert relative_error(np.asarray(pairs.products)[kept], products[kept]) < 1e-5
    triangle = np.triu(products[::2, 1::2][np.ix_(order, order)])
    inverse = np.asarray(pairs.inverse, np.float64)
    np.testing.assert_allclose(
        inverse[np.ix_(order, order)] @ triangle, np.eye(order.size), atol=1e-3
    )
    dead = np.setdiff1d(np.arange(6), alive)
    assert not inverse[dead].any()
    assert not inverse[:, dead].any()
    assert order[-1] == pairs.latest


def test_lbfgs_solves_what_gradient_descent_cannot():
    function, minimum = quadratic(20, 1000)
    found = descend(cautious_lbfgs(), function, jnp.zeros(20), 60)
    # The best fixed step, 2 / (1 + 1000), after as many steps.
    slow = descend(optax.identity(), function, jnp.zeros(20), 60, 2 / 1001)
    assert function(found) < 1e-6 * function(jnp.zeros(20))
    assert function(found) < 1e-3 * function(slow)
    np.testing.assert_allclose(found, minimum, atol=1e-3)


def test_a_memory_in_bfloat16_leads_as_far():
    function, minimum = quadratic(20, 100)
    found = descend(cautious_lbfgs(memory_type=jnp.bfloat16), function, jnp.zeros(20), 60)
    assert function(found) < 1e-6 * function(jnp.zeros(20))
    np.testing.assert_allclose(found, minimum, atol=1e-3)
    state = jax.eval_shape(cautious_lbfgs(memory_type=jnp.bfloat16).init, jnp.zeros(20))
    assert state.memory.dtype == jnp.bfloat16


def test_no_step_is_longer_than_allowed():
    optimizer = cautious_lbfgs()
    update = jax.jit(optimizer.update)
    x = jnp.zeros(7)
    state = initial_state(optimizer, x)
    for scale in (1e-3, 1e6, 1e9):
        direction, state = update(scale * jnp.arange(7.0), state, x)
        x = x - direction
        assert jnp.sqrt(jnp.mean(direction**2)) <= LONGEST_STEP * 1.001


def test_it_goes_downhill_where_the_curvature_is_negative():
    # -cos has concave stretches: there a pair <dx, dg> < 0 would turn the direction uphill.
    def function(x):
        return -jnp.sum(jnp.cos(x))

    gradient = jax.grad(function)
    optimizer = cautious_lbfgs()
    x = jnp.linspace(1.8, 2.9, 5)  # concave beyond pi / 2
    state = initial_state(optimizer, x)
    update = jax.jit(optimizer.update)
    for _ in range(400):
        slope = gradient(x)
        direction, state = update(slope, state, x)
        assert jnp.vdot(direction, slope) >= 0
        x = x - direction
    np.testing.assert_allclose(x, 0, atol=1e-3)


@pytest.mark.parametrize("scale", [1e-20, 1e-12, 1e-3, 1e6, 1e12, 1e20])
def test_the_path_does_not_depend_on_the_units_of_the_loss(scale):
    points, gradients = WALKS["waves"][0]
    expected, _ = follow(ours(), points, gradients)
    found, _ = follow(ours(), points, gradients * np.float32(scale))
    for one, other in zip(found, expected, strict=True):
        assert relative_error(one, other) < 1e-4  # the scaled gradients are rounded


@pytest.mark.parametrize("scale", [2.0**-60, 1 / PROBE, 0.5, 2.0**60])
def test_units_that_are_powers_of_two_change_nothing_at_all(scale):
    points, gradients = WALKS["waves"][0]
    expected, _ = follow(ours(), points, gradients)
    found, _ = follow(ours(), points, gradients * np.float32(scale))
    np.testing.assert_array_equal(found[1:], expected[1:])
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)  # of another of the probes


def test_it_stands_still_where_there_is_no_gradient():
    start = jnp.full(5, 0.3)
    found = descend(cautious_lbfgs(), lambda x: 0.0 * jnp.sum(x), start, 5)
    np.testing.assert_array_equal(found, start)


def test_it_starts_where_the_gradient_does():
    points, gradients = walk((bowl, 12))
    expected, _ = follow(ours(), points, gradients)
    late, _ = follow(
        cautious_lbfgs(),
        np.concatenate([points[:1], points[:1], points]),
        np.concatenate([np.zeros((2, 60), np.float32), gradients]),
    )
    assert not late[:2].any()
    np.testing.assert_allclose(late[2:], expected, rtol=1e-5, atol=1e-7)


def test_a_pair_without_curvature_leaves_the_direction_to_the_earlier_ones():
    optimizer = cautious_lbfgs()
    update = jax.jit(optimizer.update)
    function, _ = quadratic(6, 4)
    x = jnp.full(6, 0.1)
    state = initial_state(optimizer, x)
    for _ in range(4):
        direction, state = update(jax.grad(function)(x), state, x)
        x = x - direction
    # A gradient that has turned against the step: the curvature along it is negative.
    gradient = jax.grad(function)(x) + 3 * direction
    direction, after = update(gradient, state, x)
    assert after.pairs.gamma == state.pairs.gamma
    # The secant equation of the latest good pair still scales the direction: it is no raw gradient.
    gamma = state.pairs.gamma / state.unit
    assert jnp.linalg.norm(direction) < 10 * gamma * jnp.linalg.norm(gradient)
    assert jnp.vdot(direction, gradient) > 0


def test_each_of_a_batch_rejects_its_own_pairs():
    walks = [WALKS[name][0] for name in ("waves", "a hill first")]
    steps = min(len(points) for points, _ in walks)
    points, gradients = (np.stack([each[at][:steps] for each in walks], axis=1) for at in (0, 1))
    optimizer = cautious_lbfgs(5)
    update = jax.jit(jax.vmap(optimizer.update))
    state, together = jax.vmap(optimizer.init)(jnp.asarray(points[0])), []
    for point, gradient in zip(points, gradients, strict=True):
        direction, state = update(gradient, state, point)
        together.append(direction)
    for one, (alone, slopes) in enumerate(walks):
        expected, _ = follow(optimizer, alone[:steps], slopes[:steps])
        for found, direction in zip(together, expected, strict=True):
            assert relative_error(found[one], direction) < 3e-5
    assert not np.array_equal(state.pairs.latest[0], state.pairs.latest[1])


def test_the_memory_is_updated_in_place():
    optimizer = cautious_lbfgs()
    pixels = jax.ShapeDtypeStruct((24, 16, 3), jnp.float32)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def run(pixels, state):
        def step(carry, _):
            direction, state = optimizer.update(0.1 * carry[0], carry[1], carry[0])
            return (carry[0] - direction, state), None

        return jax.lax.scan(step, (pixels, state), length=3)[0]

    state = jax.eval_shape(optimizer.init, pixels)
    plan = run.lower(pixels, state).compile().memory_analysis()
    assert plan is not None
    memory = state.memory.size * 4
    assert plan.alias_size_in_bytes > memory
    assert plan.temp_size_in_bytes < memory / 2


def test_devices_that_share_the_rows_meet_once_a_step():
    """And the step is no loop over pairs."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests/reference/sharded_lbfgs.py"],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    found = json.loads(done.stdout)
    assert found.pop("error") < 1e-6
    assert found.pop("all-reduce") == 1
    assert set(found.values()) == {0}
