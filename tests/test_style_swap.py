"""Style swap: the features of the style that are most like the content's, wherever they are."""

import numpy as np
import pytest
from reference.inputs import feature_maps

from nstjax.losses import style_swap as module
from nstjax.losses.style_swap import style_swap

CONTENT, STYLE = np.random.default_rng(3).normal(size=(2, 7, 9, 5)).astype(np.float32)
STYLE = STYLE[:6, :8]


def by_hand(content, style, allowed=None, mean=None):
    """A loop over positions, in float64."""
    content, style = content.astype(np.float64), style.astype(np.float64)
    allowed = np.ones(style.shape[:2], bool) if allowed is None else allowed
    theirs = style[allowed]
    found = np.empty(content.shape)
    mean = content.mean((0, 1)) if mean is None else mean
    for place in np.ndindex(content.shape[:2]):
        ours = content[place] - mean
        cosines = [
            ours @ each / np.linalg.norm(ours) / np.linalg.norm(each)
            for each in theirs - theirs.mean(0)
        ]
        found[place] = theirs[np.argmax(cosines)]
    return found


def test_it_is_the_largest_cosine_of_what_differs_from_the_mean():
    np.testing.assert_array_equal(style_swap(CONTENT, STYLE), by_hand(CONTENT, STYLE))


def test_blocks_change_nothing(monkeypatch):
    monkeypatch.setattr(
        module, "BLOCK", 5 * STYLE.shape[0] * STYLE.shape[1]
    )  # the last is not full
    np.testing.assert_array_equal(style_swap(CONTENT, STYLE), by_hand(CONTENT, STYLE))


def test_a_picture_is_nearest_to_itself():
    for features in feature_maps():
        np.testing.assert_array_equal(style_swap(features, features), features)


def test_brightness_and_contrast_of_the_content_do_not_matter():
    np.testing.assert_array_equal(style_swap(0.3 * CONTENT + 7, STYLE), style_swap(CONTENT, STYLE))


def test_only_what_the_styles_mask_marks_is_taken():
    mask = np.zeros(STYLE.shape[:2], np.float32)
    mask[2:4, 3:] = 1
    found = style_swap(CONTENT, STYLE, style_weights=mask)
    np.testing.assert_array_equal(found, by_hand(CONTENT, STYLE, mask > 0))


def test_the_mean_is_that_of_what_the_contents_mask_marks():
    mask = np.zeros(CONTENT.shape[:2], np.float32)
    mask[:3] = 1
    found = style_swap(CONTENT, STYLE, mask)
    mean = CONTENT[:3].mean((0, 1), dtype=np.float64)
    np.testing.assert_array_equal(found, by_hand(CONTENT, STYLE, mean=mean))


def test_large_styles_are_thinned_out(monkeypatch):
    monkeypatch.setattr(module, "MOST_POSITIONS", 12)
    np.testing.assert_array_equal(style_swap(CONTENT, STYLE), by_hand(CONTENT, STYLE[::2, ::2]))


@pytest.mark.parametrize("content", [np.zeros_like(CONTENT), np.ones_like(CONTENT)])
def test_a_content_that_shows_nothing_gives_features_of_the_style(content):
    found = np.asarray(style_swap(content, STYLE)).reshape(-1, STYLE.shape[-1])
    assert {tuple(each) for each in found} <= {tuple(each) for each in STYLE.reshape(-1, 5)}
