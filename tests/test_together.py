"""Batches: what may differ, that each picture is the one it would be alone, and how many go together."""

import dataclasses
import typing

import numpy as np
import pytest

from nstjax import Region, Settings, together
from nstjax.images import resize
from nstjax.prepare import prepare
from nstjax.together import OWN, in_common, paint_together, pictures_at_once
from nstjax.transfer import stylize

pytestmark = pytest.mark.usefixtures("quick_to_compile")

RANDOM = np.random.default_rng(7)
CONTENT = RANDOM.random((36, 48, 3), np.float32)
STYLE = RANDOM.random((40, 30, 3), np.float32)
QUICK = Settings(
    size=32,
    coarsest=16,
    level_ratio=2,
    steps=3,
    coarse_steps=2,
    content_layers=("relu1_1", "relu2_1"),
    style_layers=("relu1_1", "conv2_1"),
)
OTHERS = (
    {"content_weight": 0.7, "averaging": 0.5},
    {"tv_weight": 2, "style_layer_weights": (3, 1), "content_layer_weights": (0, 1)},
    {"init": "noise", "seed": 4},
    {"style_weight": 0.1, "init": "content"},
)


@pytest.fixture(scope="module")
def weights(network):
    return network("vgg16")


def some(settings, *others):
    return [dataclasses.replace(settings, **values) for values in others]


def painted(weights, settings, **others):
    transfer = prepare(CONTENT, [STYLE], settings[0], weights=weights)
    return paint_together([transfer.with_settings(each) for each in settings], **others)


@pytest.mark.parametrize(
    "optimizer",
    [
        {"optimizer": "lbfgs"},
        {"optimizer": "adam", "learning_rate": 0.03, "carry_moments": True, "color": "luminance"},
    ],
    ids=lambda values: values["optimizer"],
)
def test_each_picture_is_the_one_that_it_is_alone(weights, optimizer):
    rates = [{}, {"learning_rate": 0.5 * optimizer.get("learning_rate", 1)}]
    settings = some(dataclasses.replace(QUICK, **optimizer), *OTHERS, *rates)
    for found, own in zip(painted(weights, settings), settings, strict=True):
        alone = stylize(CONTENT, STYLE, own, weights=weights)
        np.testing.assert_allclose(found.image, alone.image, atol=2e-4)
        for terms, expected in zip(found.history, alone.history, strict=True):
            np.testing.assert_allclose(terms, expected, rtol=1e-3, atol=1e-7)
        assert (found.settings, found.levels, found.stopped) == (own, alone.levels, False)


def test_a_batch_shares_its_regions(weights):
    """Where nothing is painted the content shows, in every picture."""
    regions = [Region(np.repeat([[1.0, 1.0, 0.0, 0.0]], 3, axis=0), {0: None})]
    settings = some(QUICK, *({"content_weight": value, "coarse_steps": 0} for value in (0.05, 2)))
    transfer = prepare(CONTENT, [STYLE], settings[0], regions=regions, weights=weights)
    transfers = [transfer.with_settings(each) for each in settings]
    for found, own in zip(paint_together(transfers), settings, strict=True):
        alone = stylize(CONTENT, STYLE, own, regions=regions, weights=weights)
        np.testing.assert_allclose(found.image, alone.image, atol=2e-4)
        np.testing.assert_array_equal(found.image[:, -4:], resize(CONTENT, 24, 32)[:, -4:])


def test_photographs_of_any_weight_go_together_and_with_no_other(weights):
    one_level = dataclasses.replace(QUICK, coarse_steps=0)
    settings = some(one_level, {"photo_weight": 3.0}, {"photo_weight": 300.0})
    for found, own in zip(painted(weights, settings), settings, strict=True):
        alone = stylize(CONTENT, STYLE, own, weights=weights)
        np.testing.assert_allclose(found.image, alone.image, atol=2e-4)
        np.testing.assert_allclose(found.history.photo, alone.history.photo, rtol=1e-3, atol=1e-7)
    assert in_common(settings[0]) != in_common(QUICK)


def test_a_single_one_is_the_same_to_the_bit(weights):
    (found,) = painted(weights, [QUICK])
    alone = stylize(CONTENT, STYLE, QUICK, weights=weights)
    np.testing.assert_array_equal(found.image, alone.image)


def test_where_one_fails_the_others_go_on(weights):
    huge = {name: tensor * np.float32(1e5) for name, tensor in weights.tensors.items()}
    broken = type(weights)(weights.architecture, weights.preprocessing, huge)
    first = {"content_layers": ("relu1_1",), "style_layers": ("relu1_1",)}
    shallow = {"style_loss": "gram_sum", "coarse_steps": 0, **first}
    weak, strong = ({**shallow, "style_weight": value} for value in (1e-25, 2e9))
    fine, failed = painted(broken, some(QUICK, weak, strong))
    assert isinstance(failed, FloatingPointError)
    assert "use smaller weights" in str(failed)
    assert np.isfinite(fine.image).all()
    for number in (1, 2):  # all of them
        (error, *_) = painted(broken, some(QUICK, *[strong] * number))
        assert isinstance(error, FloatingPointError)


def test_stopping_stops_them_all_and_progress_is_of_them_all(weights):
    seen = []

    def stop(progress):
        seen.append(progress)
        return True

    results = painted(weights, some(QUICK, *OTHERS[:2]), on_progress=stop)
    assert [each.stopped for each in results] == [True, True]
    assert results[0].image.shape == (24, 32, 3)
    (progress,) = seen
    assert progress.losses.total.shape == (progress.step, 2)
    assert progress.image().shape == (2, 12, 16, 3)


def other_value(name, value):
    """Another value of a setting, whatever settings there are."""
    if name in ("init", "content_layers", "style_layers"):
        return "noise" if name == "init" else ("relu1_2", "relu2_1")
    hint = typing.get_type_hints(Settings)[name]
    if typing.get_origin(hint) is typing.Literal:
        return next(each for each in typing.get_args(hint) if each != value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 20
    if isinstance(value, tuple):
        return (*value, 2.0)
    if isinstance(value, float):
        return value * 0.75 or 0.5
    kinds = typing.get_args(hint)
    return 0.4 if float in kinds else 40 if int in kinds else (2.0, 1.0)


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_a_batch_is_of_one_program_and_one_target(field):
    base = dataclasses.replace(QUICK, optimizer="adam")  # with which every other setting goes
    value = other_value(field.name, getattr(base, field.name))
    together = in_common(base) == in_common(dataclasses.replace(base, **{field.name: value}))
    assert together == (field.name in OWN)


def test_other_settings_are_no_batch(weights):
    with pytest.raises(ValueError, match="differ in more than pictures, content_weight, "):
        painted(weights, some(QUICK, {}, {"steps": 9}))


def test_a_batch_is_as_large_as_is_useful_and_fits(monkeypatch):
    monkeypatch.setattr(together, "BATCH_PIXELS", {"cpu": 10_000, "gpu": 10_000})
    monkeypatch.setattr(together, "room", lambda: 2 * 30_000 * together.BYTES_PER_PIXEL)
    assert [pictures_at_once(pixels) for pixels in (100, 1000, 6000, 10**6)] == [16, 10, 1, 1]
    monkeypatch.setattr(together, "room", lambda: 2 * 3000 * together.BYTES_PER_PIXEL)
    assert pictures_at_once(1000) == 3
    monkeypatch.setattr(together, "room", lambda: None)
    assert pictures_at_once(1000) == 10
