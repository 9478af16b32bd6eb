"""Recipes: everything survives the round trip, and nothing that is wrong does more than say so."""

import dataclasses
import json
import typing

import pytest

from nstjax import PRESETS, Settings
from nstjax.images import read_comment, write
from nstjax.images.files.formats import endings
from nstjax.settings.recipe import Recipe, with_values

RECIPE = Recipe(
    settings=dataclasses.replace(PRESETS["tutorial"], size=97, init="start.png"),
    preset="tutorial",
    content="Gro\u00dfe \u5bae \U0001f3f0.jpg",
    styles=("one.png", "two 'quoted\".png"),
    masks=("sky.png", "ground.png"),
    style_masks=("moon.png", "hill.png"),
    model="vgg19",
    preprocessing="caffe",
)


def other_value(name, value):
    """Another value of a field, whatever fields there are."""
    hint = typing.get_type_hints(Settings)[name]
    allowed = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()
    if allowed:
        return next((each for each in allowed if each != value), value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if isinstance(value, int) else 0.9 * value or 1 / 3
    if isinstance(value, tuple) and value:
        return value[::-1] if len(value) > 1 else value * 2
    return value


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_survives(preset):
    recipe = dataclasses.replace(RECIPE, preset=preset, settings=PRESETS[preset])
    assert Recipe.from_json(recipe.to_json(), "it") == recipe


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_setting_survives(field):
    base = Settings(optimizer="adam")  # with which every other setting goes
    value = other_value(field.name, getattr(base, field.name))
    recipe = dataclasses.replace(RECIPE, settings=dataclasses.replace(base, **{field.name: value}))
    assert Recipe.from_json(recipe.to_json(), "it").settings == recipe.settings


@pytest.mark.parametrize("ending", endings())
def test_it_survives_every_format(tmp_path, ending):
    write(tmp_path / f"x{ending}", [[[0.0, 0.5, 1.0]] * 20] * 20, comment=RECIPE.to_json())
    assert Recipe.from_json(read_comment(tmp_path / f"x{ending}"), "it") == RECIPE


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2026-01-01 at 1.23.45\u202fPM.png",
        "no\u00a0break.png",
        "\U0001f469\u200d\U0001f52c.png",
        "tab\tand\nline.png",
        "'single' \"double\" back\\slash.png",
        "caf\udce9.png",  # a byte that is no UTF-8
        "\x1b]0;title\x07.png",
        "x" * 250 + ".png",
    ],
)
def test_every_name_survives(name):
    settings = dataclasses.replace(RECIPE.settings, init=f"0.5*content+{name}")
    recipe = dataclasses.replace(
        RECIPE,
        settings=settings,
        content=name,
        styles=(name, name),
        masks=(name,),
        style_masks=(name,),
        model=name,
    )
    text = recipe.to_json()
    assert text.isascii()
    assert text.isprintable()
    assert Recipe.from_json(text, "it") == recipe


def test_a_picture_tells_of_no_folder():
    recipe = dataclasses.replace(
        RECIPE,
        settings=dataclasses.replace(RECIPE.settings, init="/home/secret/start.png"),
        content="/home/secret/photo.jpg",
        styles=("secret/one.png", "../secret/two.png"),
        masks=("/home/secret/sky.png",),
        style_masks=("secret/moon.png",),
        model="/home/secret/net.pth",
    )
    text = recipe.to_json()
    assert "secret" not in text
    assert "home" not in text
    assert text.isascii()
    found = Recipe.from_json(text, "it")
    assert found.styles == ("one.png", "two.png")
    assert (found.masks, found.style_masks) == (("sky.png",), ("moon.png",))


@pytest.mark.parametrize(
    ("init", "told"),
    [
        ("0.7*content+0.3*/home/secret/start.png", "0.7*content+0.3*start.png"),
        ("secret/one.png + 2*../secret/two.png", "one.png+2*two.png"),
        ("1e-3*content+.5*noise", "1e-3*content+.5*noise"),
    ],
)
def test_a_mixture_tells_of_no_folder_and_keeps_its_weights(init, told):
    settings = dataclasses.replace(RECIPE.settings, init=init)
    text = dataclasses.replace(RECIPE, settings=settings).to_json()
    assert "secret" not in text
    assert Recipe.from_json(text, "it").settings.init == told


@pytest.mark.parametrize("weight", ["", "0.5*"])
def test_a_folder_with_the_characters_of_a_mixture_is_not_told_either(tmp_path, weight):
    start = tmp_path / "1*se+cret" / "start.png"
    start.parent.mkdir()
    start.touch()
    settings = dataclasses.replace(RECIPE.settings, init=f"{weight}{start}+content")
    text = dataclasses.replace(RECIPE, settings=settings).to_json()
    assert Recipe.from_json(text, "it").settings.init == f"{weight}start.png+content"


def test_its_keys_are_those_of_the_readme():
    assert list(json.loads(RECIPE.to_json())) == [
        *("nstjax", "settings", "preset", "content", "styles", "masks", "style_masks"),
        *("model", "preprocessing"),
    ]


def test_settings_that_an_older_version_did_not_have_are_the_presets():
    found = json.loads(RECIPE.to_json())
    del found["settings"]["pooling"], found["settings"]["steps"]
    settings = Recipe.from_json(json.dumps(found), "it").settings
    assert (settings.pooling, settings.steps) == ("max", 6000)


def test_a_recipe_from_before_there_were_masks_has_none():
    found = json.loads(RECIPE.to_json())
    del found["masks"], found["style_masks"]
    recipe = Recipe.from_json(json.dumps(found), "it")
    assert recipe == dataclasses.replace(RECIPE, masks=(), style_masks=())
    assert Recipe.from_json(recipe.to_json(), "it") == recipe


def changed(**values):
    return json.dumps(json.loads(RECIPE.to_json()) | values)


NO_RECIPE = "holds no recipe of nstjax: give a picture that nstjax has made"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", NO_RECIPE),
        ("a walk in the park", NO_RECIPE),
        ("{", NO_RECIPE),
        ("null", NO_RECIPE),
        ("[1, 2]", NO_RECIPE),
        ('"nstjax"', NO_RECIPE),
        ("{}", NO_RECIPE),
        ("[" * 100_000, NO_RECIPE),
        ("9" * 10_000, NO_RECIPE),
        ('{"nstjax": "0.1.0"}', "it has no settings"),
        (changed(settings=[1]), "it has no settings"),
        (changed(settings=None), "it has no settings"),
        (changed(nstjax=3), "version is no text"),
        (changed(preset="monet"), "unknown preset 'monet': use one of default"),
        (changed(preset=["default"]), "preset is no text"),
        (changed(content=None), "content is no text"),
        (changed(styles="one.png"), "styles is no list of texts"),
        (changed(styles=[], content=""), "names no picture"),
        (changed(styles=["one.png", 2]), "styles is no list of texts"),
        (changed(masks="sky.png"), "masks is no list of texts"),
        (changed(masks=None), "masks is no list of texts"),
        (changed(style_masks=[["moon.png"]]), "style_masks is no list of texts"),
        (changed(modle="vgg19"), "unknown setting 'modle': did you mean 'model'"),
        (changed(settings={"sise": 3}), "unknown setting 'sise': did you mean 'size'"),
        (changed(settings={"sise" * 50_000: 3}), "unknown setting .{60,80}did you mean"),
        (changed(settings={"size": "large"}), "size is 'large': give a whole number"),
        (changed(settings={"size": 1e400}), "size is inf"),
        (changed(settings={"tv_weight": float("nan")}), "tv_weight is nan"),
        (changed(settings={"size": None}), "size is None"),
        (changed(settings={"size": True}), "size is True"),
        (changed(settings={"steps": {"a": 1}}), "steps is {'a': 1}"),
        (changed(settings={"pooling": ["max"]}), "pooling is"),
        (changed(settings={"pooling": {}}), "pooling is"),
        (changed(settings={"content_layers": "relu1_1"}), "content_layers is"),
        (changed(settings={"content_layers": [[["relu1_1"]]]}), "content_layers is"),
        (changed(styles=["a\0.jpg"]), r"styles names 'a\\x00.jpg', which is no file name"),
        (changed(content="a\0.jpg"), "which is no file name"),
        (changed(content=".."), "content names '..', which is no file name"),
        (changed(styles=["one.png", "."]), "styles names '.', which is no file name"),
        (changed(styles=[""]), "styles names '', which is no file name"),
        (changed(masks=["album/.."]), "masks names 'album/..', which is no file name"),
        (changed(style_masks=["/"]), "style_masks names '/', which is no file name"),
        (changed(settings={"optimizer": "\x1b[2J"}), r"optimizer is '\\x1b\[2J'"),
        (
            changed(settings={"init": "1" * 9000, "optimizer": "x" * 9000}),
            "optimizer is .{100,140}:",
        ),
        (changed(preset="\u202e"), r"unknown preset '\\u202e'"),
        (changed(**{"": 1}), "unknown setting ''"),
    ],
)
def test_what_is_no_recipe_is_told_in_one_line(refused, text, match):
    with refused(f"^pic.png.*{match}"):
        Recipe.from_json(text, "pic.png")


@pytest.mark.parametrize("depth", range(50, 1000, 50))
def test_deep_nesting_is_refused(refused, depth):
    nested = "[" * depth + "]" * depth
    text = changed(settings={"content_layers": "HERE"}).replace('"HERE"', nested)
    with refused("^pic.png"):
        Recipe.from_json(text, "pic.png")


def test_values_are_taken_as_files_have_them(refused):
    settings = with_values(
        PRESETS["tutorial"], {"learning_rate": "none", "style_layers": ["relu1_1"]}, "it"
    )
    assert settings.learning_rate is None
    assert settings.style_layers == ("relu1_1",)
    assert settings.optimizer == "adam"
    with refused("^it: level_ratio is 'none'"):
        with_values(Settings(), {"level_ratio": "none"}, "it")
