"""Moments: the paper's Gram matrix, sums over positions, and their gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference.inputs import feature_maps, relative_error

from nstjax.losses import blend, moments
from nstjax.losses.moments import STRIP, second_moment


def random(*shape):
    return np.random.default_rng(3).standard_normal(shape, np.float32)


def test_moments_are_those_of_the_definition():
    features, *_ = feature_maps()
    vectors = features.reshape(-1, features.shape[-1]).astype(np.float64)
    found = moments(features)
    assert relative_error(found.mean, vectors.mean(0)) < 1e-6
    assert float(found.positions) == len(vectors) == 35
    # Gatys et al. 2016, equation 3: G_ij = sum_k F_ik F_jk.
    gram = sum(np.outer(vector, vector) for vector in vectors)
    assert relative_error(found.positions * found.second, gram) < 1e-6


def test_a_large_map_has_its_whole_gram_matrix():
    """On a CPU it is summed over strips of rows: here two of two, and one row left over."""
    features = random(5, 512, 256)
    assert STRIP // (512 * 256) == 2
    vectors = features.reshape(-1, 256).astype(np.float64)
    expected = vectors.T @ vectors / len(vectors)
    assert relative_error(second_moment(features), expected) < 1e-6
    assert relative_error(second_moment(features[:4]), expected) > 1e-3


def test_moments_are_additive_over_positions():
    features = random(9, 5, 4)
    top, bottom, whole = moments(features[:3]), moments(features[3:]), moments(features)
    assert float(top.positions + bottom.positions) == float(whole.positions)
    for part in ("mean", "second"):
        average = getattr(top, part) / 3 + getattr(bottom, part) * 2 / 3
        assert relative_error(average, getattr(whole, part)) < 1e-6


def test_moments_do_not_know_where_a_position_is():
    features = random(6, 7, 4)
    vectors = np.random.default_rng(4).permutation(features.reshape(42, 4))
    shuffled = moments(vectors.reshape(14, 3, 4))
    assert relative_error(shuffled.mean, moments(features).mean) < 1e-6
    assert relative_error(shuffled.second, moments(features).second) < 1e-6


def test_a_batch_is_a_loop_over_its_pictures():
    batch = random(2, 3, 4, 5, 6)
    found = moments(batch)
    assert found.mean.shape == (2, 3, 6)
    assert found.second.shape == (2, 3, 6, 6)
    for place in np.ndindex(2, 3):
        alone = moments(batch[place])
        assert relative_error(found.mean[place], alone.mean) < 1e-6
        assert relative_error(found.second[place], alone.second) < 1e-6
        assert float(found.positions) == float(alone.positions)


@pytest.mark.parametrize("shape", [(5, 7, 6), (2, 4, 3, 5)])
def test_the_gradient_is_that_of_the_plain_product(shape):
    features = random(*shape)

    def plain(features):
        product = jnp.einsum("...hwm,...hwn->...mn", features, features)
        return product / (shape[-3] * shape[-2])

    value, back = jax.vjp(second_moment, features)
    expected_value, expected_back = jax.vjp(plain, features)
    assert relative_error(value, expected_value) < 1e-6
    cotangent = random(*value.shape)  # not symmetric, as no loss would give it
    assert relative_error(back(cotangent)[0], expected_back(cotangent)[0]) < 1e-6


def test_bfloat16_is_summed_in_float32():
    """Steps of bfloat16 near 4096 are 32: a sum of that type would end long before."""
    features = jnp.asarray(np.random.default_rng(5).random((64, 64, 8)), jnp.bfloat16)
    vectors = np.float64(features).reshape(-1, 8)
    found = moments(features)
    assert found.mean.dtype == found.second.dtype == jnp.float32
    assert relative_error(found.mean, vectors.mean(0)) < 1e-5
    assert relative_error(found.second, vectors.T @ vectors / len(vectors)) < 1e-5


def test_the_gradient_of_bfloat16_is_close():
    features = jnp.asarray(np.random.default_rng(6).random((16, 16, 8)), jnp.bfloat16)
    cotangent = random(8, 8)
    (found,) = jax.vjp(second_moment, features)[1](cotangent)
    assert found.dtype == jnp.bfloat16
    expected = np.float64(features) @ np.float64(cotangent + cotangent.T) / 256
    assert relative_error(found, expected) < 1e-2


def test_blended_styles_count_by_their_shares_whatever_their_size():
    features, _, style = feature_maps()
    first, second = moments(features), moments(style)
    found = blend([first, second], (0.25, 0.75))
    for part in ("mean", "second"):
        expected = 0.25 * getattr(first, part) + 0.75 * getattr(second, part)
        np.testing.assert_allclose(getattr(found, part), expected, rtol=1e-6)
    assert float(found.positions) == 0.25 * 35 + 0.75 * 36
    for one, alone in zip(blend([first], (1.0,)), first, strict=True):
        np.testing.assert_array_equal(one, alone)


def test_weighted_moments_are_those_of_the_definition():
    features = random(6, 7, 4)
    weights = np.random.default_rng(7).random((6, 7)).astype(np.float32)
    weights[:2] = 0
    vectors, w = features.reshape(-1, 4).astype(np.float64), weights.reshape(-1).astype(np.float64)
    found = moments(features, weights)
    assert relative_error(found.mean, w @ vectors / w.sum()) < 1e-6
    assert relative_error(found.second, (vectors.T * w) @ vectors / w.sum()) < 1e-6
    assert float(found.positions) == pytest.approx(w.sum())


def test_a_mask_leaves_what_it_marks():
    features = random(6, 7, 4)
    mask = np.zeros((6, 7), np.float32)
    mask[:4, 2:] = 1
    for found, cut in zip(moments(features, mask), moments(features[:4, 2:]), strict=True):
        assert relative_error(found, cut) < 1e-6
    gradient = jax.grad(lambda x: jnp.sum(moments(x, mask).second))(features)
    assert (np.any(np.asarray(gradient), axis=-1) == (mask > 0)).all()


def test_weighted_parts_add_up_to_the_whole():
    features = random(6, 7, 4)
    weights = np.random.default_rng(8).random((6, 7)).astype(np.float32)
    parts, whole = [moments(features, each) for each in (weights, 1 - weights)], moments(features)
    for name in ("mean", "second"):
        total = sum(part.positions * getattr(part, name) for part in parts)
        assert relative_error(total / whole.positions, getattr(whole, name)) < 1e-6


def test_a_mask_that_marks_nothing_has_no_moments_and_no_gradient():
    features = random(3, 4, 5)
    nothing = np.zeros((3, 4), np.float32)
    for found in moments(features, nothing):
        assert not np.any(found)
    gradient = jax.grad(lambda x: jnp.sum(moments(x, nothing).second))(features)
    assert not np.any(gradient)
