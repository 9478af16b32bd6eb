"""Presets: valid, and the weights of the programs that they are named after."""

import dataclasses

import jax
import numpy as np
import pytest
from reference import keras_losses
from reference.inputs import relative_error

from nstjax import PRESETS, Settings, stylize
from nstjax.losses import RegionTarget, StyleExample, Targets
from nstjax.plan import plan
from nstjax.problem import loss_weights, make_evaluation, make_objective
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
    for name in set(PRESETS) - {"default", "style-transfer-pytorch"}:
        assert PRESETS[name].coarsest >= 2**30


@pytest.mark.parametrize(
    ("size", "sides"),
    [(512, [128, 181, 256, 362, 512]), (256, [128, 181, 256]), (600, [150, 212, 300, 424, 600])],
)
def test_the_levels_of_style_transfer_pytorch_are_its_own(size, sides):
    preset = dataclasses.replace(PRESETS["style-transfer-pytorch"], size=size)
    levels = plan(np.zeros((512, 512, 3)), [np.zeros((512, 512, 3))], preset, "vgg19")
    assert [level.width for level in levels] == sides
    assert [level.steps for level in levels] == [1000] + [500] * (len(sides) - 1)


def keras_name(name):
    """`relu5_2` is the output of Keras' `block5_conv2`, which has the ReLU in it."""
    return f"block{name[4]}_conv{name[6]}"


@pytest.fixture(scope="module")
def at_keras(network):
    """Objective, targets and weights of the preset, and what it is asked about: pixels and features."""
    preset = PRESETS["keras"]
    evaluation, arrays = make_evaluation(network("vgg16"), preset)
    # Layers have a quarter of the positions of those before, as the preset's weights assume.
    drawn = np.random.default_rng(8).random((3, 32, 48, 3), np.float32)
    pictures = [(pixels, evaluation.features(arrays, pixels)) for pixels in drawn]
    (_, content), (_, style), picture = pictures
    objective = evaluation.objective
    style_target = objective.style_target([StyleExample(style)])
    targets = Targets(objective.content_target(content), (RegionTarget(style_target),))

    def total(pixels, features):
        return evaluation.objective(pixels, features, targets, loss_weights(preset)).total

    return total, picture, content, style


def as_keras(features, convert):
    return {keras_name(name): convert(values)[None] for name, values in features.items()}


def in_float64(array):
    return np.asarray(array, np.float64)


def test_the_loss_of_keras_is_that_of_keras(at_keras):
    total, (pixels, features), content, style = at_keras
    expected = keras_losses.total_loss(
        255 * in_float64(pixels[None, ..., ::-1]),  # blue first
        *(as_keras(each, in_float64) for each in (features, content, style)),
    )
    assert float(total(pixels, features)) == pytest.approx(expected, rel=1e-5)
    # Each of the three terms can be seen in it.
    assert float(total(0 * pixels, features)) < 0.999 * expected
    assert float(total(pixels, {**features, "relu5_2": content["relu5_2"]})) < 0.999 * expected
    for name in style.keys() - {"relu5_2"}:
        assert float(total(pixels, {**features, name: style[name]})) < (1 - 1e-4) * expected


def test_the_gradient_of_keras_is_that_of_torch(at_keras):
    torch = pytest.importorskip("torch", reason="differentiates the formulas of Keras by PyTorch")
    total, (pixels, features), content, style = at_keras

    def leaf(array):
        return torch.tensor(in_float64(array), requires_grad=True)

    leaves = leaf(pixels), {name: leaf(values) for name, values in features.items()}
    others = (as_keras(each, lambda x: torch.tensor(in_float64(x))) for each in (content, style))
    loss = keras_losses.total_loss(
        255 * leaves[0][None], as_keras(leaves[1], lambda leaf: leaf), *others
    )
    loss.backward()
    found = jax.grad(total, argnums=(0, 1))(pixels, features)
    assert relative_error(found[0], leaves[0].grad) < 1e-5
    for name, gradient in found[1].items():
        assert relative_error(gradient, leaves[1][name].grad) < 1e-5, name


def test_ten_steps_of_style_transfer_pytorch_are_those_of_torch(network):
    """Losses and average; one level, and layers that have more positions than channels."""
    pytest.importorskip("torch", reason="writes style-transfer-pytorch's formulas in PyTorch")
    from reference.style_transfer_pytorch import ten_steps

    layers, shares = ("relu1_1", "relu2_1"), (256, 64)
    preset = dataclasses.replace(
        PRESETS["style-transfer-pytorch"],
        style_layers=layers,
        style_layer_weights=shares,
        size=64,
        first_steps=10,
        coarsest=64,
    )
    drawn = np.random.default_rng(9)
    content, style = (
        drawn.random((48, 64, 3), np.float32),
        drawn.random((56, 40, 3), np.float32) ** 2,
    )
    result = stylize(content, style, preset, weights=network("vgg16"))
    losses, image = ten_steps(network("vgg16").tensors, content, style, layers, shares)
    np.testing.assert_allclose(result.history.total, losses, rtol=1e-4)
    assert result.history.total[0] == pytest.approx(losses[0], rel=1e-5)
    assert np.abs(result.image - image).max() < 2e-3
    assert np.abs(result.image - content).max() > 0.05
