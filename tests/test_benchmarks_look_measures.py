"""The measures of what pictures look like."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import wasserstein_distance

from benchmarks.look import measures
from benchmarks.look.judge import LAYERS, measure
from benchmarks.look.measures import Seen
from nstjax.settings.presets import GATYS_LAYERS

SIDE = 96  # pixels
HALVINGS = {"relu1_1": 0, "relu2_1": 1, "relu3_1": 2, "relu4_1": 3, "relu4_2": 3, "relu5_1": 4}


def scene(seed=0):
    """Pixels `(H, W, 3)`: shapes on the left, and a flat half on the right."""
    random = np.random.default_rng(seed).random((SIDE, SIDE, 3))
    shapes = gaussian_filter(random, (4, 4, 0))
    shapes = (shapes - shapes.min()) / np.ptp(shapes)
    shapes[:, SIDE // 2 :] = shapes.mean((0, 1))
    return shapes.astype(np.float32)


def seen(pixels, seed=0, shift=0.0):
    """With random features of the right sizes."""
    random = np.random.default_rng(seed)
    return Seen(
        pixels,
        {
            name: random.normal(size=(SIDE >> halvings, SIDE >> halvings, 8)) + shift
            for name, halvings in HALVINGS.items()
        },
    )


def with_features(picture, change):
    return Seen(picture.pixels, {name: change(each) for name, each in picture.features.items()})


def with_pixels(picture, pixels):
    return Seen(np.clip(pixels, 0, 1).astype(np.float32), picture.features)


def permuted(features):
    """The same vectors elsewhere."""
    vectors = features.reshape(-1, features.shape[-1])
    return np.random.default_rng(1).permutation(vectors).reshape(features.shape)


PICTURE = seen(scene())
OTHER = seen(scene(1), 1, shift=0.5)


def test_a_picture_is_like_itself():
    assert HALVINGS.keys() == set(LAYERS)
    assert measure(PICTURE, PICTURE, PICTURE) == pytest.approx(
        {
            "self-similarity": 1,
            "fine edges": 1,
            "coarse edges": 1,
            "nearest": 0,
            "style": 0,
            "sliced Wasserstein": 0,
            "grain": 1,
            "ripples": 0,
        },
        abs=1e-6,
    )


def test_another_picture_is_farther_in_every_measure():
    found = measure(OTHER, PICTURE, PICTURE)
    for name in ("self-similarity", "fine edges", "coarse edges"):
        assert abs(found[name]) < 0.7
    for name in ("nearest", "style", "sliced Wasserstein"):
        assert found[name] > 0.05


def test_edges_do_not_see_brightness_and_contrast_nor_a_negative():
    for pixels in (0.5 * PICTURE.pixels + 0.2, 1 - PICTURE.pixels):
        assert measures.edges(with_pixels(PICTURE, pixels), PICTURE, 1.5) == pytest.approx(1)


def test_edges_are_those_of_luminance_where_they_are():
    mirrored = with_pixels(PICTURE, PICTURE.pixels[:, ::-1])
    assert measures.edges(mirrored, PICTURE, 1.5) < 0.2
    plain = with_pixels(PICTURE, np.full_like(PICTURE.pixels, 0.5))
    assert measures.edges(plain, PICTURE, 1.5) == 0


def test_luminance_is_luma():
    colors = np.eye(3, dtype=np.float32)[np.newaxis]
    np.testing.assert_allclose(Seen(colors, {}).luminance, [[0.2126, 0.7152, 0.0722]], rtol=1e-6)


def test_self_similarity_does_not_see_what_things_look_like():
    """Neither another basis of the features nor their mean and scale, which are colors and textures."""
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(8, 8)))
    changed = with_features(PICTURE, lambda each: 3 * each @ rotation + 5)
    assert measures.self_similarity(changed, PICTURE) == pytest.approx(1)


def test_parts_elsewhere_are_as_near_and_less_self_similar():
    moved = with_features(PICTURE, permuted)
    assert measures.nearest(moved, PICTURE) == pytest.approx(0, abs=1e-6)
    assert measures.style_energy(moved, PICTURE, GATYS_LAYERS) == pytest.approx(0, abs=1e-12)
    found = measures.sliced_wasserstein(moved, PICTURE, GATYS_LAYERS)
    assert found == pytest.approx(0, abs=1e-12)
    assert measures.self_similarity(moved, PICTURE) < 0.5


def test_nearest_is_the_mean_of_the_least_distances():
    """Also where it takes them in several parts."""
    maps = np.random.default_rng(3).normal(size=(2, 48, 48, 4))
    found = measures.nearest(*(Seen(PICTURE.pixels, {"relu3_1": each}) for each in maps))
    mean = maps[1].mean((0, 1))
    first, second = (each.reshape(-1, 4) - mean for each in maps)
    lengths = [np.linalg.norm(each, axis=1) for each in (first, second)]
    cosines = first @ second.T / np.outer(*lengths)
    assert found == pytest.approx((1 - cosines).min(1).mean())


def test_nearest_looks_from_the_picture_to_the_painting():
    """A picture may use a part of the painting only, and pays for what is not in it."""
    part = with_features(PICTURE, lambda each: each[:2].repeat(len(each) // 2, axis=0))
    assert measures.nearest(part, PICTURE) == pytest.approx(0, abs=1e-6)
    assert measures.nearest(PICTURE, part) > 0.1


def test_style_energy_is_relative():
    doubled = with_features(PICTURE, lambda each: 2 * each)
    assert measures.style_energy(doubled, PICTURE, GATYS_LAYERS) == pytest.approx((4 - 1) ** 2)


def test_sliced_wasserstein_of_shifted_features_is_that_of_scipy():
    """Between a distribution and its copy elsewhere the first and second distances are the same."""
    shift = np.random.default_rng(4).normal(size=8)
    layer = "relu2_1"
    painting = PICTURE.features[layer].reshape(-1, 8)
    moved = with_features(PICTURE, lambda each: each + shift)
    directions = np.random.default_rng(0).normal(size=(8, measures.PROJECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    expected = [
        wasserstein_distance((painting + shift) @ each, painting @ each) ** 2
        / (painting @ each).var()
        for each in directions.T
    ]
    found = measures.sliced_wasserstein(moved, PICTURE, (layer,))
    assert found == pytest.approx(np.mean(expected), rel=0.05)


def test_sliced_wasserstein_is_that_of_sorted_values():
    """The second distance of as many values of one feature; quantiles stand for all of them."""
    first, second = np.random.default_rng(5).normal(size=(2, SIDE, SIDE, 1))
    second = np.exp(second)
    found = measures.sliced_wasserstein(
        *(Seen(PICTURE.pixels, {"x": each}) for each in (first, second)), ("x",)
    )
    # One feature has the two directions 1 and -1, which tell the same.
    squares = (np.sort(first.ravel()) - np.sort(second.ravel())) ** 2
    assert found == pytest.approx(squares.mean() / second.var(), rel=0.1)


def test_noise_on_flat_areas_is_grain_and_ripples():
    noise = np.zeros_like(PICTURE.pixels)
    noise[:, SIDE // 2 :] = np.random.default_rng(6).normal(0, 0.05, (SIDE, SIDE // 2, 1))
    noisy = with_pixels(PICTURE, PICTURE.pixels + noise)
    assert measures.grain(noisy, PICTURE) > 1.5  # the shapes' calmest parts are as they were
    assert measures.ripples(noisy, PICTURE, PICTURE) > 1
    # A painting with such grain may be painted so.
    assert measures.grain(noisy, noisy) == 1


@pytest.mark.parametrize(("length", "least", "most"), [(2, 0, 4), (5, 5, 9), (32, 0, 1)])
def test_ripples_are_waves_of_some_pixels(length, least, most):
    waves = 0.05 * np.sin(2 * np.pi * (np.arange(SIDE) + 0.25) / length)
    wavy = with_pixels(PICTURE, PICTURE.pixels + waves[:, np.newaxis, np.newaxis])
    assert least <= measures.ripples(wavy, PICTURE, PICTURE) <= most


def test_what_is_calmer_than_the_painting_ripples_less_than_nothing():
    calm = with_pixels(PICTURE, np.full_like(PICTURE.pixels, 0.5))
    waves = 0.05 * np.sin(2 * np.pi * np.arange(SIDE) / 5)[:, np.newaxis, np.newaxis]
    wavy = with_pixels(PICTURE, PICTURE.pixels + waves)
    assert measures.ripples(calm, PICTURE, wavy) == 0
    assert measures.grain(calm, calm) == 1
