"""The objective: a weighted sum over terms and layers, and weights that never recompile."""

import dataclasses

import jax
import numpy as np
import pytest
from reference.inputs import feature_maps, picture
from reference.objectives import StyledRegion, StyleExample, losses_of, targets

from nstjax.feature_map import as_feature_map
from nstjax.losses import (
    CONTENT_LOSSES,
    STYLE_LOSSES,
    TOTAL_VARIATIONS,
    LossWeights,
    Maps,
    Objective,
    RegionTarget,
    Targets,
    blend,
    moments,
    photorealism,
    prepare_matting,
)
from nstjax.losses.style_swap import style_swap

OBJECTIVE = Objective(
    ("relu2_1", "relu4_2"), ("relu1_1", "relu4_2", "relu2_1"), "sum", "gram", "l1"
)


def features(scale):
    """Feature maps of one picture, of another size and number of channels in every layer."""
    first, second, _ = (scale * each for each in feature_maps())
    return {"relu1_1": first, "relu2_1": second[:4], "relu4_2": first[:3, :3, :5]}


def maps(features):
    """The same as a network gives them."""
    return {name: as_feature_map(values) for name, values in features.items()}


PICTURE, CONTENT, STYLE, OTHER = (features(np.float32(scale)) for scale in (1, 1.5, 0.5, 2))
# Shares of the two content layers and of the three style layers.
SHARES = ((0.25, 0.75), (0.5, 0.125, 0.375))


def targets_of(objective, *examples, **region):
    styled = StyledRegion([example(*each) for each in examples], **region)
    return targets(objective, maps(CONTENT), [styled])


def example(features, *rest):
    return StyleExample(maps(features), *rest)


def target_of(objective, *one):
    """What the style distance needs of one example."""
    (region,) = targets(objective, {}, [StyledRegion([example(*one)])]).regions
    return region.style


def test_the_layers_are_those_of_both_once():
    assert OBJECTIVE.layers == ("relu2_1", "relu4_2", "relu1_1")


def test_targets_are_taken_from_content_and_styles():
    wanted = targets_of(OBJECTIVE, (STYLE, 0.25), (OTHER, 0.75))
    assert list(wanted.maps.content) == ["relu2_1", "relu4_2"]
    (region,) = wanted.regions
    assert list(region.style) == ["relu1_1", "relu4_2", "relu2_1"]
    for name, target in wanted.maps.content.items():
        np.testing.assert_array_equal(target.plain, CONTENT[name])
    for name, target in region.style.items():
        expected = blend([moments(STYLE[name]), moments(OTHER[name])], (0.25, 0.75))
        np.testing.assert_array_equal(target.second, expected.second)


@pytest.mark.parametrize("content", CONTENT_LOSSES)
@pytest.mark.parametrize("style", STYLE_LOSSES)
@pytest.mark.parametrize("tv", TOTAL_VARIATIONS)
def test_the_total_is_the_weighted_sum_over_layers(content, style, tv):
    objective = Objective(OBJECTIVE.content_layers, OBJECTIVE.style_layers, content, style, tv)
    pixels = picture(8, 9)
    wanted = targets_of(objective, (STYLE,))
    weights = LossWeights(3.0, 500.0, 0.25, *SHARES)
    found = losses_of(objective, pixels, maps(PICTURE), wanted, weights)
    distance, prepare = STYLE_LOSSES[style]
    contents = [
        float(CONTENT_LOSSES[content](PICTURE[name], CONTENT[name]))
        for name in objective.content_layers
    ]
    styles = [
        float(distance(moments(PICTURE[name]), prepare(moments(STYLE[name]), positions(name))))
        for name in objective.style_layers
    ]
    roughness = float(TOTAL_VARIATIONS[tv](pixels))
    assert len(set(contents)) == 2
    assert len(set(styles)) == 3
    of_content, of_style = (np.dot(*pair) for pair in zip(SHARES, (contents, styles), strict=True))
    assert float(found.content) == pytest.approx(of_content, rel=1e-5)
    assert float(found.style) == pytest.approx(of_style, rel=1e-5)
    assert float(found.tv) == pytest.approx(roughness, rel=1e-5)
    expected = 3 * of_content + 500 * of_style + 0.25 * roughness
    assert float(found.total) == pytest.approx(expected, rel=1e-5)


def positions(name):
    return STYLE[name].shape[0] * STYLE[name].shape[1]


def test_a_term_without_layers_is_zero():
    objective = Objective((), ("relu1_1",), "energy", "energy", "l2")
    weights = LossWeights(1.0, 2.0, 0.0, (), (1.0,))
    wanted = targets_of(objective, (STYLE,))
    found = losses_of(objective, picture(8, 9), maps(PICTURE), wanted, weights)
    assert float(found.content) == 0
    assert float(found.style) > 0
    assert float(found.total) == pytest.approx(2 * float(found.style))


def test_photorealism_is_added_by_its_weight_where_it_counts():
    plain = Objective((), ("relu1_1",), "energy", "energy", "l2")
    photorealistic = dataclasses.replace(plain, photorealistic=True)
    pixels, photograph = picture(8, 9), picture(8, 9) ** 2
    regions = [StyledRegion([example(STYLE)])]
    weights = LossWeights(1.0, 2.0, 0.5, (), (1.0,), photo=30.0)
    wanted = targets(plain, {}, regions, photograph)
    without = losses_of(plain, pixels, maps(PICTURE), wanted, weights)
    found = losses_of(photorealistic, pixels, maps(PICTURE), wanted, weights)
    expected = float(photorealism(pixels, prepare_matting(photograph)))
    assert float(without.photo) == 0
    assert float(found.photo) == pytest.approx(expected, rel=1e-5)
    assert expected > 1e-3
    assert float(found.total) == pytest.approx(float(without.total) + 30 * expected, rel=1e-5)


def test_regions_add_up_by_their_shares():
    """Each is compared where it is with a style of its own."""
    objective = Objective((), ("relu1_1",), "energy", "energy", "l2")
    weights = LossWeights(0.0, 1.0, 0.0, (), (1.0,))
    height, width, _ = PICTURE["relu1_1"].shape
    left = np.zeros((height, width), np.float32)
    left[:, :3] = 1

    def style_of(*regions, of=PICTURE):
        below = Maps({}, tuple({"relu1_1": mask[0]} if mask else None for _, _, *mask in regions))
        wanted = Targets(below, {}, tuple(RegionTarget(*region[:2]) for region in regions))
        return float(losses_of(objective, picture(8, 9), maps(of), wanted, weights).style)

    like_style, like_other = (target_of(objective, x) for x in (STYLE, OTHER))
    alone = style_of((like_style, 1.0, left)), style_of((like_other, 1.0, 1 - left))
    both = style_of((like_style, 0.25, left), (like_other, 0.75, 1 - left))
    assert both == pytest.approx(0.25 * alone[0] + 0.75 * alone[1], rel=1e-6)
    cut = {"relu1_1": PICTURE["relu1_1"][:, :3]}
    assert alone[0] == pytest.approx(style_of((like_style, 1.0), of=cut))


def test_a_part_of_a_style_picture_is_looked_at():
    mask = np.zeros(STYLE["relu1_1"].shape[:2], np.float32)
    mask[1:3, 1:] = 1
    objective = Objective((), ("relu1_1",), "energy", "energy", "l2")
    (found,) = target_of(objective, STYLE, 1.0, {"relu1_1": mask}).values()
    np.testing.assert_allclose(found.second, moments(STYLE["relu1_1"][1:3, 1:]).second, rtol=1e-5)


NEAREST = Objective(("relu2_1",), (), "energy", "energy", "l2", "nearest")


def nearest_target(*regions):
    return targets(NEAREST, maps(CONTENT), regions).maps.content["relu2_1"].plain


def test_the_target_can_be_what_of_the_styles_is_nearest_by_their_shares():
    layer = "relu2_1"
    swapped = [style_swap(CONTENT[layer], style[layer]) for style in (STYLE, OTHER)]
    found = nearest_target(StyledRegion([example(STYLE, 0.25), example(OTHER, 0.75)]))
    np.testing.assert_allclose(found, 0.25 * swapped[0] + 0.75 * swapped[1], rtol=1e-5)


def test_each_region_has_the_nearest_of_its_own_style_and_the_rest_is_the_content():
    layer = "relu2_1"
    left, right = np.zeros((2, *CONTENT[layer].shape[:2]), np.float32)
    left[:, 0], right[:, 2:] = 1, 1
    found = nearest_target(
        StyledRegion([example(STYLE)], 0.5, {layer: left}),
        StyledRegion([example(OTHER)], 0.5, {layer: right}),
    )
    for columns, style, mask in ((np.s_[:1], STYLE, left), (np.s_[2:], OTHER, right)):
        expected = style_swap(CONTENT[layer], style[layer], mask)
        np.testing.assert_allclose(found[:, columns], expected[:, columns], rtol=1e-5)
    np.testing.assert_array_equal(found[:, 1], CONTENT[layer][:, 1])


def test_without_a_style_the_target_is_the_content():
    np.testing.assert_array_equal(nearest_target(), CONTENT["relu2_1"])
    np.testing.assert_array_equal(nearest_target(StyledRegion([])), CONTENT["relu2_1"])


def test_a_batch_is_a_loop_over_its_pictures():
    wanted = targets_of(OBJECTIVE, (STYLE,))
    weights = LossWeights(3.0, 500.0, 0.25, *SHARES)
    pixels = np.stack([picture(8, 9), picture(8, 9) ** 2])
    batch = {name: np.stack([values, OTHER[name]]) for name, values in PICTURE.items()}
    found = losses_of(OBJECTIVE, pixels, maps(batch), wanted, weights)
    for place, alone in enumerate((PICTURE, OTHER)):
        expected = losses_of(OBJECTIVE, pixels[place], maps(alone), wanted, weights)
        for name, values in found._asdict().items():
            assert float(values[place]) == pytest.approx(float(getattr(expected, name)), rel=1e-5)


def test_other_weights_do_not_compile_again():
    wanted = targets_of(OBJECTIVE, (STYLE,))
    traces = []

    @jax.jit
    def total(weights):
        traces.append(weights)
        return losses_of(OBJECTIVE, picture(8, 9), maps(PICTURE), wanted, weights).total

    first = total(LossWeights(1.0, 2.0, 3.0, *SHARES))
    second = total(LossWeights(2.0, 4.0, 6.0, *SHARES))
    total(LossWeights(2.0, 4.0, 6.0, SHARES[0][::-1], SHARES[1][::-1]))
    assert len(traces) == 1
    assert float(second) == pytest.approx(2 * float(first), rel=1e-5)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("l2", "gram", "l2"), "content loss 'l2': use one of energy, mean, sum"),
        (("sum", "mean", "l2"), "style loss 'mean': use one of mean_covariance, energy"),
        (("sum", "gram", "none"), "tv loss 'none': use one of l2, l1, power"),
    ],
)
def test_unknown_losses_are_refused(refused, names, message):
    with refused(message):
        Objective(("relu4_2",), ("relu1_1",), *names)
