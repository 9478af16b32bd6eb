import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nstjax.optimize.step import first_state, run_steps

PLAIN = optax.identity()
TARGET = np.array([0.2, 0.9, 3.0], np.float32)  # the last lies outside the box


def to_target(pixels, target):
    loss = 0.5 * jnp.sum((pixels - target) ** 2)
    return loss, {"loss": loss}


def start(optimizer=PLAIN, averaging=0.0):
    return first_state(optimizer, np.full((2, 2, 3), 0.5), averaging)


def run(state, rate=0.5, steps=3, optimizer=PLAIN, target=TARGET, averaging=0.0):
    return run_steps(
        state, target, rate, averaging, evaluate=to_target, optimizer=optimizer, steps=steps
    )


def test_steps_are_projected_gradient_descent():
    expected = np.full((2, 2, 3), 0.5, np.float32)
    for _ in range(3):
        expected = np.clip(expected - 0.5 * (expected - TARGET), 0, 1)
    state, copy, _ = run(start())
    np.testing.assert_allclose(state.pixels, expected, rtol=1e-6)
    np.testing.assert_array_equal(state.pixels, copy)


def test_reports_are_those_before_each_step():
    _, _, reports = run(start(), steps=2)
    first = 0.5 * np.sum((np.full((2, 2, 3), 0.5) - TARGET) ** 2)
    assert reports["loss"].shape == (2,)
    np.testing.assert_allclose(reports["loss"][0], first, rtol=1e-6)
    assert reports["loss"][1] < reports["loss"][0]


def test_a_chunk_equals_its_steps_one_by_one():
    adam = optax.scale_by_adam()
    whole, _, _ = run(start(adam), steps=4, rate=0.01, optimizer=adam)
    state = start(adam)
    for _ in range(4):
        state, _, _ = run(state, steps=1, rate=0.01, optimizer=adam)
    np.testing.assert_allclose(whole.pixels, state.pixels, rtol=1e-6)


def test_the_copy_outlives_the_donated_state():
    state, copy, _ = run(start(), steps=1)
    before = np.array(copy)
    newer, _, _ = run(state, steps=1)
    np.testing.assert_array_equal(copy, before)
    assert not np.array_equal(newer.pixels, before)
    if state.pixels.is_deleted():  # not every backend donates
        with pytest.raises(RuntimeError, match="deleted"):
            np.array(state.pixels)


def test_the_average_is_that_of_all_pictures_of_the_level():
    """Weights a^k (1 - a), the latest the heaviest, divided by their sum; over chunks as in one."""
    pixels = [np.full((2, 2, 3), 0.5)]
    for _ in range(4):
        pixels.append(np.clip(pixels[-1] - 0.5 * (pixels[-1] - TARGET), 0, 1))
    expected = np.average(pixels, axis=0, weights=0.7 ** np.arange(4, -1, -1))
    state, early, _ = run(start(averaging=0.7), steps=3, averaging=0.7)
    early = np.asarray(early)
    _, average, _ = run(state, steps=1, averaging=0.7)
    np.testing.assert_allclose(average, expected, rtol=1e-6)
    assert np.abs(early - average).max() > 0.01


def test_numbers_change_without_compiling_again():
    traces = []

    def counted(pixels, target):
        traces.append(1)
        return to_target(pixels, target)

    for rate, target in ((0.5, TARGET), (0.1, TARGET * 2)):
        run_steps(start(), target, rate, 0.0, evaluate=counted, optimizer=PLAIN, steps=2)
    assert len(traces) == 1


def test_no_step_talks_to_the_host():
    lowered = run_steps.lower(
        start(), TARGET, 0.5, 0.0, evaluate=to_target, optimizer=PLAIN, steps=5
    )
    text = lowered.as_text()
    assert "while" in text  # the steps are one loop of the program
    assert "callback" not in text
    assert jax.tree.leaves(lowered.out_info)[0].shape == (2, 2, 3)
