"""Luminance-only transfer: one picture's lightness, the other's chroma."""

import numpy as np
import pytest

from nstjax.images import keep_chroma
from nstjax.images.colors.oklab import to_oklab

RANDOM = np.random.default_rng(5)
# Pale enough for sRGB to have every mixture.
PAINTED = np.float32(0.3 + 0.4 * RANDOM.random((30, 40, 3)))
CONTENT = np.float32(0.5 + 0.04 * RANDOM.standard_normal((30, 40, 3)).clip(-2, 2))


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_the_lightness_stays_and_the_chroma_is_mixed(strength):
    found, painted, content = map(
        to_oklab, (keep_chroma(PAINTED, CONTENT, strength), PAINTED, CONTENT)
    )
    np.testing.assert_allclose(found[..., 0], painted[..., 0], atol=1e-6)
    mixed = (1 - strength) * painted + strength * content
    np.testing.assert_allclose(found[..., 1:], mixed[..., 1:], atol=1e-6)


def test_strength_zero_is_the_picture_to_the_bit():
    painted = RANDOM.random((30, 40, 3), np.float32)
    painted[:15] = np.round(painted[:15])  # where rounding would show
    np.testing.assert_array_equal(keep_chroma(painted, CONTENT, 0), painted)


def test_vivid_colors_keep_the_lightness_too():
    painted, content = RANDOM.random((2, 50, 50, 3), np.float32)
    found = keep_chroma(painted, content)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_allclose(to_oklab(found)[..., 0], to_oklab(painted)[..., 0], atol=2e-3)


def test_a_gray_content_makes_a_gray_picture():
    gray = RANDOM.random((30, 40, 1), np.float32) * np.ones(3, np.float32)
    found = keep_chroma(PAINTED, gray)
    np.testing.assert_allclose(found, found.mean(-1, keepdims=True) * np.ones(3), atol=1e-6)
