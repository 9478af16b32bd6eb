"""The page has a control for every setting, from the settings themselves."""

import dataclasses
import re

import pytest

from nstjax import PRESETS, Settings
from nstjax.cli import main
from nstjax.web.controls import about, make_controls, read_settings

CONTROLS = make_controls()
FRAME = "╭╮╰╯│─"


def entered(settings):
    return {each.name: each.shown(getattr(settings, each.name)) for each in CONTROLS}


def test_there_is_one_for_every_setting():
    fields = [field.name for field in dataclasses.fields(Settings)]
    assert sorted(each.name for each in CONTROLS) == sorted(fields)
    assert all(about(each.group) for each in CONTROLS)


def test_its_help_is_the_command_lines(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    told = ""
    for command in ("stylize", "texture"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told += " ".join(capsys.readouterr().out.translate({ord(c): " " for c in FRAME}).split())
    for each in CONTROLS:
        assert each.help
        assert each.help in told, each.name


@pytest.mark.parametrize("name", PRESETS)
def test_settings_are_the_same_when_they_are_read_back(name):
    assert read_settings(CONTROLS, entered(PRESETS[name])) == PRESETS[name]


def test_what_is_typed_is_read_as_it_is_written():
    typed = {
        "style_scale": "0.5, 1 2",
        "style_blend": "1 3",
        "style_size": "300",
        "learning_rate": "0.5",
        "first_steps": "",
        "content_layers": "relu2_1  relu3_1",
        "size": 64.0,
    }
    settings = read_settings(CONTROLS, entered(Settings()) | typed)
    assert settings.style_scale == (0.5, 1, 2)
    assert settings.style_blend == (1, 3)
    assert (settings.style_size, settings.learning_rate, settings.first_steps) == (300, 0.5, None)
    assert settings.content_layers == ("relu2_1", "relu3_1")
    assert type(settings.size) is int


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("style_scale", "large"),
        ("style_scale", ""),
        ("style_size", "300.5"),
        ("learning_rate", "1 2"),
        ("learning_rate", None),
        ("content_weight", None),
        ("content_weight", float("nan")),
        ("content_weight", -1),
        ("size", "64"),
        ("size", 64.5),
        ("size", True),
        ("color", ["style"]),
        ("carry_moments", "yes"),
        ("style_layers", {"a": 1}),
    ],
)
def test_what_cannot_work_is_told_in_one_line(refused, name, value):
    with refused(name):
        read_settings(CONTROLS, entered(Settings()) | {name: value})


def test_choices_and_bounds_come_from_the_types():
    found = {each.name: each for each in CONTROLS}
    for each in CONTROLS:
        if each.kind == "choice":
            assert getattr(Settings(), each.name) in each.choices
            assert re.fullmatch("[a-z0-9_ ]+", " ".join(each.choices))
    assert found["carry_moments"].kind == "flag"
    assert found["size"].kind == "whole"
    assert found["style_size"].optional
