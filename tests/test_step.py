from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from nstjax.optimize import OPTIMIZERS, make_transformation
from nstjax.optimize.batches import Batch
from nstjax.optimize.start import state_shapes
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


class Scene(NamedTuple):
    target: np.ndarray  # shared by a batch
    weights: dict[str, np.ndarray]  # each picture's own


def to_scene(pixels, scene):
    near = jnp.mean((pixels - scene.target) ** 2)
    smooth = jnp.mean(jnp.diff(pixels, axis=1) ** 2)
    loss = scene.weights["near"] * near + scene.weights["smooth"] * smooth
    return loss, {"loss": loss, "near": near}


RANDOM = np.random.default_rng(3)
STARTS = RANDOM.random((3, 6, 5, 3), np.float32)
SCENE = Scene(
    RANDOM.random((6, 5, 3), np.float32),
    {"near": np.float32([1, 0.5, 2]), "smooth": np.float32([0.1, 3, 0])},
)
BATCH = Batch(3, Scene(None, 0))


def paint(optimizer, pixels, scene, rate, averaging, batch=None):
    """Two chunks, so that a state is handed on."""
    state = first_state(optimizer, pixels, averaging, batch=batch)
    chunks = []
    for _ in range(2):
        state, copy, reports = run_steps(
            state,
            scene,
            rate,
            averaging,
            evaluate=to_scene,
            optimizer=optimizer,
            steps=4,
            batch=batch,
        )
        chunks.append((copy, reports))
    return chunks


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_batch_is_each_of_its_pictures_alone(name):
    """Other first pictures, weights, step lengths and averages, and nothing of it leaks over."""
    optimizer = make_transformation(name, 0.99)
    rates = OPTIMIZERS[name].learning_rate * np.float32([1, 0.3, 0.7])
    averaging = np.float32([0, 0.5, 0.9])
    together = paint(optimizer, STARTS, SCENE, rates, averaging, BATCH)
    for one in range(3):
        scene = SCENE._replace(weights={key: each[one] for key, each in SCENE.weights.items()})
        alone = paint(optimizer, STARTS[one], scene, rates[one], averaging[one])
        for (many, many_reports), (copy, reports) in zip(together, alone, strict=True):
            np.testing.assert_allclose(many[one], copy, atol=1e-5)
            assert many_reports["loss"].shape == (4, 3)
            for key, term in reports.items():
                np.testing.assert_allclose(many_reports[key][:, one], term, rtol=1e-4)


def test_a_picture_that_fails_spoils_no_other_of_its_batch():
    broken = SCENE._replace(weights=SCENE.weights | {"near": np.float32([1, np.nan, 2])})
    optimizer = make_transformation("lbfgs", 0.99)
    rates, averaging = np.ones(3, np.float32), np.zeros(3, np.float32)
    whole, spoiled = (
        paint(optimizer, STARTS, scene, rates, averaging, BATCH)[-1][0] for scene in (SCENE, broken)
    )
    np.testing.assert_array_equal(np.asarray(spoiled)[[0, 2]], np.asarray(whole)[[0, 2]])
    assert np.isnan(spoiled[1]).all()


def test_a_batch_is_lowered_for_what_it_is_run_with():
    """Else every chunk of a loop would be refused."""
    adam = make_transformation("adam", 0.99)
    rates, averaging = np.full(3, 0.02, np.float32), np.zeros(3, np.float32)
    lowered = run_steps.lower(
        state_shapes(adam, 6, 5, batch=BATCH),
        SCENE,
        rates,
        averaging,
        evaluate=to_scene,
        optimizer=adam,
        steps=4,
        batch=BATCH,
    )
    state = first_state(adam, STARTS, averaging, batch=BATCH)
    _, copy, _ = lowered.compile()(state, SCENE, rates, averaging)
    expected = paint(adam, STARTS, SCENE, rates, averaging, BATCH)[0][0]
    np.testing.assert_allclose(copy, expected, atol=1e-6)
