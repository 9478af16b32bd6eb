"""Affine color matches: exact, and each the one matrix of its definition."""

import numpy as np
import pytest

from nstjax.images.colors.affine_color import affine_match, cholesky, pca, symmetric

MATRICES = (symmetric, pca, cholesky)
RANDOM = np.random.default_rng(0)


def covariances(count, least=0.02):
    """Random covariances whose standard deviations are at least so large."""
    factors = [RANDOM.standard_normal((3, 3)) * 0.2 for _ in range(count)]
    return [each @ each.T + least**2 * np.eye(3) for each in factors]


def statistics(colors):
    colors = colors.reshape(-1, 3)
    return colors.mean(0), np.cov(colors.T, bias=True)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("shape", [(40, 30, 3), (7, 9, 3)])
def test_mean_and_covariance_become_exactly_those_of_the_example(matrix, shape):
    colors = RANDOM.random((500, 3)) ** 2 @ RANDOM.random((3, 3))
    example = RANDOM.random(shape) @ RANDOM.standard_normal((3, 3))
    found = affine_match(colors, [example], matrix)
    assert found.dtype == np.float64
    for ours, theirs in zip(statistics(found), statistics(example), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_matrix_carries_one_covariance_into_the_other(matrix):
    for source, target in zip(covariances(20), covariances(20), strict=True):
        change = matrix(source, target)
        np.testing.assert_allclose(change @ source @ change.T, target, atol=1e-12)


def assert_symmetric_and_positive(matrix):
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10)
    assert np.linalg.eigvalsh((matrix + matrix.T) / 2).min() > 0


# With A C A^T = S, each of these holds for one matrix only.
def test_symmetric_is_symmetric_and_positive():
    for source, target in zip(covariances(20), covariances(20), strict=True):
        assert_symmetric_and_positive(symmetric(source, target))


def test_pca_is_a_symmetric_root_behind_the_inverse_of_the_other():
    for target in covariances(20):
        deviations = np.array([0.1, 0.2, 0.3])
        assert_symmetric_and_positive(pca(np.diag(deviations**2), target) * deviations)


def test_cholesky_is_lower_triangular():
    for source, target in zip(covariances(20), covariances(20), strict=True):
        change = cholesky(source, target)
        np.testing.assert_allclose(np.triu(change, 1), 0, atol=1e-12)
        assert np.diag(change).min() > 0


def test_symmetric_moves_colors_least():
    colors = RANDOM.random((400, 3)) @ RANDOM.random((3, 3))
    example = RANDOM.random((20, 20, 3)) @ RANDOM.random((3, 3))
    moved = [
        np.square(affine_match(colors, [example], matrix) - colors).mean() for matrix in MATRICES
    ]
    assert moved[0] < 0.999 * min(moved[1:])


@pytest.mark.parametrize("matrix", [symmetric, pca])
def test_a_gray_example_gives_exactly_gray_colors(matrix):
    gray = np.repeat(RANDOM.random((20, 20, 1)), 3, axis=-1)
    found = affine_match(RANDOM.random((500, 3)), [gray], matrix)
    np.testing.assert_allclose(found, found.mean(-1, keepdims=True) * np.ones(3), atol=1e-7)
    assert found.std() == pytest.approx(gray.std())


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_noise_of_a_gray_picture_is_not_taken_for_color(matrix):
    noise = 1e-4 * RANDOM.standard_normal((500, 3))
    found = affine_match(RANDOM.random((500, 1)) + noise, [RANDOM.random((20, 20, 3))], matrix)
    # Deviations of 0.3 are 30 times the narrowest that is stretched to them.
    chroma = found - found @ np.full((3, 3), 1 / 3)
    line = np.linalg.svd(chroma - chroma.mean(0))[1]  # a gray ramp may become a line of colors
    assert line[1] / np.sqrt(500) < 0.01
