"""Settings files: what is printed can be read back, and mistakes are told."""

import dataclasses
import tomllib

import pytest

from nstjax import PRESETS, Settings
from nstjax.cli.parsing.settings_file import read_settings_file, to_toml
from nstjax.recipe import Recipe, with_values


def printed(settings, preset, **about):
    about = {"content": "photo.jpg", "styles": ("one.png",), "model": "vgg19"} | about
    recipe = Recipe(settings=settings, preset=preset, **about)
    return "\n".join(to_toml(recipe, PRESETS[preset]))


@pytest.mark.parametrize("base", PRESETS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_printed_gives_the_same_settings(tmp_path, preset, base):
    (tmp_path / "x.toml").write_text(printed(PRESETS[preset], base), encoding="utf-8")
    values = read_settings_file(tmp_path / "x.toml")
    assert (values.pop("preset"), values.pop("model")) == (base, "vgg19")
    assert set(values) == {field.name for field in dataclasses.fields(Settings)}
    assert with_values(PRESETS[base], values, "it") == PRESETS[preset]


def test_what_differs_from_the_preset_is_marked_and_nothing_else():
    settings = dataclasses.replace(
        PRESETS["tutorial"], size=99, learning_rate=None, content_weight=5.0
    )
    marked = {line for line in printed(settings, "tutorial").splitlines() if "preset:" in line}
    assert marked == {
        "size = 99  # in the preset: 512",
        'learning_rate = "none"  # in the preset: 0.001',
    }


def test_the_pictures_are_named_in_a_comment():
    about = {"styles": ("a.png", "b.png")}
    start = ' of "photo.jpg" in the style of "a.png", "b.png"'
    for masks, style_masks, rest in (
        ((), (), ""),
        (("s.png", "g.png"), (), ' with masks "s.png", "g.png"'),
        ((), ("m.png", "h.png"), ' with style masks "m.png", "h.png"'),
        (("c.png",), ("m.png", "h.png"), ' with masks "c.png" with style masks "m.png", "h.png"'),
    ):
        text = printed(Settings(), "default", **about, masks=masks, style_masks=style_masks)
        first = text.splitlines()[0]
        assert first.startswith("# stylize by nstjax ")
        assert first.endswith(start + rest)


@pytest.mark.parametrize(
    "name",
    [
        "a b.png",
        "it's.png",
        '"quoted".png',
        "back\\slash.png",
        "\x7f.png",
        "\U0001f3f0.png",
        "a\nb",
    ],
)
def test_every_name_is_written_as_toml_wants_it(name):
    settings = Settings(init=name)
    text = printed(settings, "default", content=name, styles=(name, name), masks=(name,))
    assert tomllib.loads(text)["init"] == name


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"size 3", "is no TOML file"),
        (b"size = 3\nsize = 4", "is no TOML file"),
        (b"\xff\xfe", "is no TOML file"),
        (b"a = " + b"[" * 5000, "is no TOML file"),
        (b"sise = 3", "unknown setting 'sise': did you mean 'size'"),
        (b"[settings]\nsize = 3", "unknown setting 'settings'"),
        (b"preset = 3", "preset is 3: give a text in quotes"),
        (b"model = true", "model is True: give a text in quotes"),
    ],
)
def test_what_is_no_settings_file_is_refused(tmp_path, refused, content, match):
    (tmp_path / "x.toml").write_bytes(content)
    with refused(f"x.toml.*{match}"):
        read_settings_file(tmp_path / "x.toml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path, refused):
    with refused("cannot read the settings .*x.toml: No such file"):
        read_settings_file(tmp_path / "x.toml")
    with refused("cannot read the settings .*: Is a directory"):
        read_settings_file(tmp_path)
