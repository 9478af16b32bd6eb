import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from reference.descent import descend, quadratic

from nstjax.optimize import OPTIMIZERS, make_transformation
from nstjax.optimize.lbfgs import cautious_lbfgs
from nstjax.optimize.optimizer import carry_moments, initial_state


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_reaches_the_minimum_of_a_bowl(name):
    function, minimum = quadratic(20, 10)
    rate = OPTIMIZERS[name].learning_rate / (10 if name == "adam" else 1)
    found = descend(make_transformation(name, 0.99), function, jnp.zeros(20), 300, rate)
    np.testing.assert_allclose(found, minimum, atol=2e-3)


def test_a_fresh_state_shares_no_buffer():
    pixels = jnp.ones((4, 4, 3))
    leaves = jax.tree.leaves(initial_state(cautious_lbfgs(), pixels))
    pointers = [leaf.unsafe_buffer_pointer() for leaf in [pixels, *leaves]]
    assert len(set(pointers)) == len(pointers)


def test_the_same_name_gives_the_same_object():
    assert make_transformation("adam", 0.99) is make_transformation("adam", 0.99)


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
