"""How a feature map lies in memory: what goes in comes out, and its sums are the picture's."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference.inputs import relative_error

from nstjax.feature_map import FeatureMap, as_feature_map, block_diagonal
from nstjax.losses import CONTENT_LOSSES, moments

# H, strips, rows of a strip's fold, folds
LAYOUTS = [
    (5, 1, 5, 1),
    (13, 2, 4, 2),
    (13, 4, 4, 1),  # the last strip has one row
    (9, 8, 1, 2),  # whole strips lie beyond the picture
]
every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=str)
WIDTH, CHANNELS = 7, 3


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def empty(layout, *batch):
    height, strips, rows, folds = layout
    return FeatureMap(jnp.zeros((*batch, strips, rows, WIDTH, folds * CHANNELS)), height, folds)


@every_layout
def test_each_position_lies_in_the_row_of_its_fold_of_its_strip(layout):
    height, strips, rows, folds = layout
    features = normal(height, WIDTH, CHANNELS)
    expected = np.zeros((strips, rows, WIDTH, folds * CHANNELS), np.float32)
    for row in range(height):
        strip, rest = divmod(row, folds * rows)
        fold, place = divmod(rest, rows)
        expected[strip, place, :, fold * CHANNELS : (fold + 1) * CHANNELS] = features[row]
    np.testing.assert_array_equal(empty(layout).laid_out(features), expected)


@every_layout
@pytest.mark.parametrize("batch", [(), (2, 3)], ids=str)
def test_features_come_out_as_they_went_in(layout, batch):
    features = normal(*batch, layout[0], WIDTH, CHANNELS)
    found = empty(layout, *batch).with_plain(features)
    np.testing.assert_array_equal(found.plain, features)
    assert (found.height, found.width, found.channels) == features.shape[-3:]
    assert found.positions == layout[0] * WIDTH


@every_layout
def test_other_features_of_the_positions_may_have_other_channels(layout):
    features = normal(layout[0], WIDTH, 5)
    values = empty(layout).laid_out(features)
    np.testing.assert_array_equal(FeatureMap(values, layout[0], layout[3]).plain, features)


def test_only_one_strip_of_one_fold_is_plain():
    assert [empty(layout).is_plain for layout in LAYOUTS] == [True, False, False, False]
    features = normal(2, 5, WIDTH, CHANNELS)
    found = as_feature_map(features)
    assert found.is_plain
    np.testing.assert_array_equal(found.plain, features)
    assert as_feature_map(found) is found


@every_layout
def test_clearing_leaves_the_picture_and_zeros_around_it(layout):
    full = FeatureMap(jnp.asarray(normal(2, *empty(layout).values.shape)), *layout[::3])
    cleared = full.cleared()
    np.testing.assert_array_equal(cleared.plain, full.plain)
    expected = full.with_plain(full.plain).values  # which puts zeros beyond
    np.testing.assert_array_equal(cleared.values, expected)
    # Nothing comes back from there.
    gradient = jax.grad(lambda values: jnp.sum(FeatureMap(values, *layout[::3]).cleared().values))
    ones = full.with_plain(jnp.ones_like(full.plain)).values
    np.testing.assert_array_equal(jax.jit(gradient)(full.values), ones)


@every_layout
def test_weights_multiply_each_channel_of_a_position(layout):
    features, mask = normal(layout[0], WIDTH, CHANNELS), normal(layout[0], WIDTH, seed=1)
    found = empty(layout).with_plain(features)
    weighted = FeatureMap(found.values * found.weights(jnp.asarray(mask)), *layout[::3])
    np.testing.assert_array_equal(weighted.plain, features * mask[..., np.newaxis])


@every_layout
@pytest.mark.parametrize("masked", [False, True])
def test_moments_and_their_gradient_are_those_of_the_picture(layout, masked):
    features = normal(2, layout[0], WIDTH, CHANNELS)
    mask = jnp.asarray(np.abs(normal(layout[0], WIDTH, seed=1))) if masked else None
    like = empty(layout, 2)
    cotangents = normal(2, CHANNELS, seed=2), normal(2, CHANNELS, CHANNELS, seed=3)

    @functools.partial(jax.jit, static_argnums=1)
    @functools.partial(jax.grad, has_aux=True)
    def loss(features, laid_out):
        found = moments(like.with_plain(features) if laid_out else features, mask)
        return sum(jnp.vdot(*pair) for pair in zip(found[:2], cotangents, strict=True)), found

    (expected, _), (gradient, found) = (loss(features, laid_out) for laid_out in (False, True))
    assert relative_error(gradient, expected) < 1e-5
    counts = np.ones(features.shape[1:3]) if mask is None else np.float64(mask)
    weighted = np.float64(features) * counts[..., np.newaxis]
    second = np.einsum("bhwm,bhwn->bmn", weighted, features)
    assert float(found.positions) == pytest.approx(counts.sum(), rel=1e-6)
    assert relative_error(found.mean, weighted.sum((1, 2)) / counts.sum()) < 1e-5
    assert relative_error(found.second, second / counts.sum()) < 1e-5


@every_layout
def test_content_is_as_far_as_in_the_picture(layout):
    features, target = (normal(layout[0], WIDTH, CHANNELS, seed=seed) for seed in (0, 1))
    like = empty(layout)

    @jax.jit
    @jax.jacobian
    def losses(features):
        maps = like.with_plain(features), like.with_plain(target)
        return {name: loss(*maps) for name, loss in CONTENT_LOSSES.items()}

    # The derivative of each is the difference, times a factor of its own.
    difference, positions = features - target, target.size
    energy = np.sum(np.square(target))
    factors = {"energy": 2 / energy, "mean": 2 / positions, "sum": 1}
    for name, gradient in losses(features).items():
        assert relative_error(gradient, factors[name] * difference) < 1e-5


@pytest.mark.parametrize("folds", [1, 2, 3])
def test_a_block_diagonal_matrix_takes_each_fold_apart(folds):
    matrices, vectors = normal(2, 4, 5), normal(folds, 4, seed=1)
    found = block_diagonal(jnp.asarray(matrices), folds)
    assert found.shape == (2, folds * 4, folds * 5)
    expected = np.einsum("fi,kio->kfo", vectors, matrices).reshape(2, -1)
    np.testing.assert_allclose(vectors.reshape(-1) @ found, expected, rtol=1e-5, atol=1e-6)
