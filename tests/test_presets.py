"""Presets: valid, and the weights of the programs that they are named after."""

import dataclasses

import numpy as np
import pytest
from reference import keras_losses
from reference.objectives import StyledRegion, StyleExample, losses_of, targets

from nstjax import PRESETS, Settings
from nstjax.feature_map import as_feature_map
from nstjax.problem.evaluation import loss_weights, make_objective
from nstjax.problem.schedule import make_levels
from nstjax.vgg.architecture import trunk


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_used(name):
    preset = PRESETS[name]
    assert dataclasses.replace(preset) == preset  # checked once more
    assert preset.content_weight + preset.style_weight > 0
    objective = make_objective(preset)
    for architecture in ("vgg16", "vgg19"):
        assert {layer.name for layer in trunk(architecture, objective.layers)} >= set(
            objective.layers
        )


def test_presets_differ_from_each_other():
    assert len(set(PRESETS.values())) == len(PRESETS)
    assert PRESETS["default"] == Settings()


def total_weight(preset, term):
    """The weight of one layer, since the objective averages over layers."""
    assert getattr(preset, f"{term}_layer_weights") is None
    layers = len(getattr(preset, f"{term}_layers"))
    return getattr(preset, f"{term}_weight") / layers


def test_weights_of_a_layer_are_those_of_the_originals():
    gatys = PRESETS["gatys2016"]
    # alpha / beta = 1e-3 with w_l = 1/5 for each of five layers.
    assert total_weight(gatys, "style") / total_weight(gatys, "content") == pytest.approx(1e3 / 5)
    # `-content_weight 5 -style_weight 100 -tv_weight 1e-3` for every layer of its own, the last on
    # pixels up to 255 where ours go up to 1.
    original = PRESETS["neural-style"]
    found = total_weight(original, "content"), total_weight(original, "style"), original.tv_weight
    assert found == pytest.approx((5, 100, 255 * 1e-3))
    # alpha 1 and beta 0.01 over summed layers.
    tutorial = PRESETS["tutorial"]
    found = total_weight(tutorial, "content"), total_weight(tutorial, "style")
    assert found == pytest.approx((1, 0.01))


def test_the_originals_work_at_one_level():
    for name in ("gatys2016", "tutorial", "neural-style", "keras"):
        assert PRESETS[name].coarsest >= 2**30


@pytest.mark.parametrize(
    ("size", "sides"),
    [(512, [128, 181, 256, 362, 512]), (256, [128, 181, 256]), (600, [150, 212, 300, 424, 600])],
)
def test_the_levels_of_style_transfer_pytorch_are_its_own(size, sides):
    preset = dataclasses.replace(PRESETS["style-transfer-pytorch"], size=size)
    levels = make_levels(np.zeros((512, 512, 3)), [np.zeros((512, 512, 3))], preset, "vgg19")
    assert [level.width for level in levels] == sides
    assert [level.steps for level in levels] == [1000] + [500] * (len(sides) - 1)


def keras_name(name):
    """`relu5_2` is the output of Keras' `block5_conv2`, which has the ReLU in it."""
    return f"block{name[4]}_conv{name[6]}"


def as_keras(features):
    return {keras_name(name): maps[None].astype(np.float64) for name, maps in features.items()}


def test_the_loss_of_keras_is_that_of_keras():
    """Of any features, where each layer has a quarter of the positions of the one before."""
    preset = PRESETS["keras"]
    objective, drawn = make_objective(preset), np.random.default_rng(8)

    def draw_features():
        sides = [(32 >> int(name[4]) - 1, 48 >> int(name[4]) - 1) for name in objective.layers]
        channels = [min(32 << int(name[4]), 512) for name in objective.layers]
        return {
            name: 100 * drawn.random((*side, count), np.float32)
            for name, side, count in zip(objective.layers, sides, channels, strict=True)
        }

    def maps(features):
        return {name: as_feature_map(values) for name, values in features.items()}

    pixels = drawn.random((32, 48, 3), np.float32)
    features, content, style = draw_features(), draw_features(), draw_features()
    wanted = targets(objective, maps(content), [StyledRegion([StyleExample(maps(style))])])

    def total(pixels, features):
        found = losses_of(objective, pixels, maps(features), wanted, loss_weights(preset))
        return float(found.total)

    blue_first = 255 * np.asarray(pixels[None, ..., ::-1], np.float64)
    expected = keras_losses.total_loss(blue_first, *map(as_keras, (features, content, style)))
    assert total(pixels, features) == pytest.approx(expected, rel=1e-5)
    # Each of the three terms can be seen in it.
    assert total(0 * pixels, features) < 0.999 * expected
    assert total(pixels, {**features, "relu5_2": content["relu5_2"]}) < 0.999 * expected
    for name in style.keys() - {"relu5_2"}:
        assert total(pixels, {**features, name: style[name]}) < (1 - 1e-4) * expected
