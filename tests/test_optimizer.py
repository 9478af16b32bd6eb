import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nstjax.optimize import OPTIMIZERS, make_transformation
from nstjax.optimize.optimizer import (
    LONGEST_STEP,
    carry_moments,
    cautious_lbfgs,
    initial_state,
)


def descend(optimizer, function, start, steps, learning_rate=1.0):
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
    curvatures = jnp.logspace(0, np.log10(condition), dimension)
    minimum = jnp.linspace(-0.02, 0.02, dimension)
    return lambda x: 0.5 * jnp.sum(curvatures * (x - minimum) ** 2), minimum


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_reaches_the_minimum_of_a_bowl(name):
    function, minimum = quadratic(20, 10)
    rate = OPTIMIZERS[name].learning_rate / (10 if name == "adam" else 1)
    found = descend(make_transformation(name, 0.99), function, jnp.zeros(20), 300, rate)
    np.testing.assert_allclose(found, minimum, atol=2e-3)


def test_lbfgs_solves_what_gradient_descent_cannot():
    function, minimum = quadratic(20, 1000)
    found = descend(cautious_lbfgs(), function, jnp.zeros(20), 60)
    # The best fixed step, 2 / (1 + 1000), after as many steps.
    slow = descend(optax.identity(), function, jnp.zeros(20), 60, 2 / 1001)
    assert function(found) < 1e-6 * function(jnp.zeros(20))
    assert function(found) < 1e-3 * function(slow)
    np.testing.assert_allclose(found, minimum, atol=1e-3)


def test_lbfgs_steps_are_never_longer_than_allowed():
    optimizer = cautious_lbfgs()
    x = jnp.zeros(7)
    state = initial_state(optimizer, x)
    for scale in (1e-3, 1e6, 1e9):
        direction, state = optimizer.update(scale * jnp.arange(7.0), state, x)
        x = x - direction
        assert jnp.sqrt(jnp.mean(direction**2)) <= LONGEST_STEP * 1.001


def test_lbfgs_goes_downhill_where_the_curvature_is_negative():
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


def test_a_fresh_state_shares_no_buffer():
    pixels = jnp.ones((4, 4, 3))
    leaves = jax.tree.leaves(initial_state(cautious_lbfgs(), pixels))
    pointers = [leaf.unsafe_buffer_pointer() for leaf in [pixels, *leaves]]
    assert len(set(pointers)) == len(pointers)


def test_the_same_name_gives_the_same_object():
    assert make_transformation("adam", 0.99) is make_transformation("adam", 0.99)


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e6])
def test_lbfgs_does_not_depend_on_the_units_of_the_loss(scale):
    function, _ = quadratic(20, 100)
    start = jnp.full(20, 0.1)
    expected = descend(cautious_lbfgs(), function, start, 12)
    found = descend(cautious_lbfgs(), lambda x: scale * function(x), start, 12)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_lbfgs_stands_still_where_there_is_no_gradient():
    start = jnp.full(5, 0.3)
    found = descend(cautious_lbfgs(), lambda x: 0.0 * jnp.sum(x), start, 5)
    np.testing.assert_array_equal(found, start)


def test_a_pair_without_curvature_leaves_the_direction_to_the_earlier_ones():
    optimizer = cautious_lbfgs()
    function, _ = quadratic(6, 4)
    x = jnp.full(6, 0.1)
    state = initial_state(optimizer, x)
    for _ in range(4):
        direction, state = optimizer.update(jax.grad(function)(x), state, x)
        x = x - direction
    # A gradient that has turned against the step: the curvature along it is negative.
    gradient = jax.grad(function)(x) + 3 * direction
    direction, _ = optimizer.update(gradient, state, x)
    good = state[0]
    latest = (good.count - 2) % 20
    moved, change = good.diff_params_memory[latest], good.diff_updates_memory[latest]
    # The secant equation of the latest good pair still scales the direction: it is no raw gradient.
    gamma = jnp.vdot(moved, change) / jnp.vdot(change, change)
    assert jnp.linalg.norm(direction) < 10 * gamma * jnp.linalg.norm(gradient)
    assert jnp.vdot(direction, gradient) > 0


def test_carried_moments_are_interpolated_and_the_count_goes_on():
    random = np.random.default_rng(0)
    mean, squares = random.normal(size=(6, 9, 3)), random.random((6, 9, 3))
    state = optax.ScaleByAdamState(jnp.int32(7), jnp.asarray(mean), jnp.asarray(squares))
    carried = carry_moments(state, jnp.zeros((12, 18, 3)))
    assert carried.count == 7
    # The middle of a plain ramp stays on it, and squares stay positive.
    ramp = jnp.broadcast_to(jnp.arange(9.0)[:, None], (6, 9, 3))
    linear = carry_moments(state._replace(mu=ramp, nu=ramp), jnp.zeros((12, 18, 3)))
    expected = np.broadcast_to(((np.arange(18) + 0.5) / 2 - 0.5)[:, None], (12, 18, 3))
    for moment in (linear.mu, linear.nu):
        np.testing.assert_allclose(moment[:, 4:-4], expected[:, 4:-4], atol=1e-5)
    assert carried.nu.min() >= 0
