"""What is made of the pictures before and after: regions, colors, levels."""

import numpy as np
import pytest
from reference.transfers import CONTENT, OTHER_STYLE, QUICK, QUICK_FIELDS, STYLE

from nstjax import Region, Settings, reconstruct, stylize, texture
from nstjax.images import COLOR_MATCHES, keep_chroma, match_colors, resize
from nstjax.images.colors.oklab import to_oklab
from nstjax.prepare import prepare

pytestmark = pytest.mark.usefixtures("quick_to_compile")


@pytest.fixture(scope="module")
def weights(network):
    return network("vgg16")


@pytest.fixture(scope="module")
def result(weights):
    return stylize(CONTENT, STYLE, QUICK, weights=weights)


LEFT = np.tile(np.linspace(2, -1, 64, dtype=np.float32).clip(0, 1), (48, 1))  # a soft edge


def test_each_region_is_painted_in_its_style_and_the_rest_stays(weights):
    settings = Settings(**QUICK_FIELDS | {"steps": 8, "init": "noise"})
    hard = np.float32(LEFT > 0.5)
    regions = [Region(hard, {1: None})]
    found = stylize(CONTENT, [STYLE, OTHER_STYLE], settings, regions=regions, weights=weights)
    content = resize(CONTENT, 36, 48)
    np.testing.assert_allclose(found.image[:, 28:], content[:, 28:], atol=1e-6)
    assert np.abs(found.image - content)[:, :20].max() > 0.1
    # Wherever everything is painted, two regions of one style are the picture of that style.
    halves = [Region(LEFT, {0: None}), Region(1 - LEFT, {0: None})]
    parts = stylize(CONTENT, STYLE, settings, regions=halves, weights=weights)
    assert np.abs(parts.image - content)[:, 28:].max() > 0.1
    assert parts.history.style[-1] < 0.5 * parts.history.style[0]


def test_a_region_that_is_everywhere_is_the_plain_picture(weights, result):
    everywhere = [Region(np.ones((48, 64)), {0: None})]
    found = stylize(CONTENT, STYLE, QUICK, regions=everywhere, weights=weights)
    np.testing.assert_allclose(found.history.total, result.history.total, rtol=1e-3)
    part = [Region(None, {0: np.ones((56, 40))})]
    found = stylize(CONTENT, STYLE, QUICK, regions=part, weights=weights)
    np.testing.assert_allclose(found.history.total, result.history.total, rtol=1e-3)


def test_a_regions_styles_are_blended_by_their_weights(weights, refused):
    blended = Settings(**QUICK_FIELDS | {"style_blend": (0, 1)})
    with refused("leaves a region without style"):
        regions = [Region(LEFT, {0: None})]
        stylize(CONTENT, [STYLE, OTHER_STYLE], blended, regions=regions, weights=weights)


@pytest.mark.parametrize("color", ["luminance", *COLOR_MATCHES])
def test_color_of_strength_zero_changes_no_bit(weights, result, color):
    settings = Settings(**QUICK_FIELDS | {"color": color, "color_strength": 0})
    np.testing.assert_array_equal(
        stylize(CONTENT, STYLE, settings, weights=weights).image, result.image
    )


def test_luminance_keeps_what_was_painted_and_the_contents_chroma(weights, result):
    seen = []
    settings = Settings(**QUICK_FIELDS | {"color": "luminance"})
    found = stylize(
        CONTENT, STYLE, settings, weights=weights, on_progress=seen.append, report_every=1
    )
    content = resize(CONTENT, 36, 48)
    # Chunks of other lengths are other programs, which round otherwise.
    np.testing.assert_allclose(found.image, keep_chroma(result.image, content), atol=1e-4)
    np.testing.assert_allclose(found.history.total, result.history.total, rtol=1e-5)
    # Pictures on the way, at any level.
    np.testing.assert_array_equal(seen[-1].image(), found.image)
    gray = np.mean(CONTENT, axis=-1)
    stylize(gray, STYLE, settings, weights=weights, on_progress=seen.append)
    assert np.abs(to_oklab(seen[-1].image())[..., 1:]).max() < 1e-5


@pytest.mark.parametrize("color", COLOR_MATCHES)
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_each_style_is_recolored_by_itself(weights, color, strength):
    settings = Settings(**QUICK_FIELDS | {"color": color, "color_strength": strength})
    found = prepare(CONTENT, [STYLE, OTHER_STYLE], settings, weights=weights).styles
    assert [style.shape for style in found] == [(48, 34, 3), (40, 40, 3)]
    content = resize(CONTENT, 36, 48)
    np.testing.assert_array_equal(found[1], match_colors(OTHER_STYLE, [content], color, strength))
    means = [style.mean((0, 1)) for style in (*found, content)]
    if strength == 1:
        np.testing.assert_allclose(means[0], means[2], atol=0.01)
        np.testing.assert_allclose(means[1], means[2], atol=0.01)


def test_the_first_picture_takes_the_recolored_styles_colors(weights):
    settings = Settings(**QUICK_FIELDS | {"color": "match", "init": "recolored"})
    content = 0.3 + 0.4 * CONTENT  # nothing is cut off
    initial = prepare(content, [0.5 * STYLE], settings, weights=weights).initial
    np.testing.assert_allclose(initial, resize(content, 18, 24), atol=0.05)


def test_a_first_picture_that_cannot_be_made_is_refused_before_the_work(weights, refused):
    settings = Settings(**QUICK_FIELDS | {"init": "noise+nowhere.png"})
    with refused("there is no file 'nowhere.png'"):
        prepare(CONTENT, [STYLE], settings, weights=weights)
    settings = Settings(**QUICK_FIELDS | {"init": "recolored"})
    with refused("init is 'recolored' and there is no content picture"):
        texture(STYLE, settings, weights=weights)
    with refused("init is 'recolored' and there is no style picture"):
        reconstruct(CONTENT, settings, weights=weights)


def test_a_panorama_as_style_skips_levels_where_nothing_of_it_would_be_seen(weights):
    deep = Settings(size=128, coarsest=32, level_ratio=2, style_layers=("relu4_1",))
    panorama = np.random.default_rng(7).random((32, 256, 3), np.float32)
    levels = prepare(CONTENT, [panorama], deep, weights=weights).levels
    # relu4_1 needs 8 pixels, and the panorama's short side is an eighth of its long one.
    assert [max(level.height, level.width) for level in levels] == [64, 128]
