"""Presets: valid, and the weights of the programs that they are named after."""

import dataclasses

import pytest

from nstjax import PRESETS, Settings
from nstjax.problem import make_objective
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
    for name in ("gatys2016", "tutorial", "neural-style"):
        assert PRESETS[name].coarsest >= 2**30
