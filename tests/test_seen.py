"""Pictures too narrow to be seen: which one, its own size, and the least setting that works."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstjax import Settings, UserError, stylize
from nstjax.cli import main
from nstjax.images import BEYOND, fit, least_long_side, scaled
from nstjax.problem.schedule import make_levels
from nstjax.session import Session


def blank(width, height):
    return np.zeros((height, width, 3), np.float32)


SETTINGS = Settings(
    size=96, content_layers=("relu4_2",), style_layers=("relu1_1",)
)  # need 8 pixels
DEEP = Settings(size=16, content_layers=("pool5",))  # 32
TEXTURE = Settings(size=64, content_layers=(), style_layers=("relu3_1",), aspect=0.02)  # 4
SCALED = Settings(size=40, content_layers=(), style_layers=("relu3_1",), style_scale=(1.5, 0.3))


@pytest.mark.parametrize(
    ("content", "styles", "settings", "own", "advice"),
    [
        (blank(1000, 10), [blank(90, 90)], SETTINGS, "content picture .*1000x10", "size=750"),
        (blank(10, 1000), [blank(90, 90)], SETTINGS, "content picture .*10x1000", "size=750"),
        (blank(1000, 3), [blank(3000, 3000)], SETTINGS, "content picture .*1000x3", "size=2500"),
        (
            blank(4000, 3000),
            [blank(900, 900)],
            DEEP,
            "content picture .*4000x3000",
            "size=",
        ),
        (None, [blank(900, 900)], TEXTURE, "the result .*aspect 0.02", "size=175"),
        (blank(90, 90), [blank(700, 20)], SETTINGS, "the style picture .*700x20", "style_size=263"),
        (
            blank(90, 90),
            [blank(90, 90), blank(20, 700)],
            SETTINGS,
            "style picture 2 .*20x700",
            "263",
        ),
        (blank(90, 90), [blank(300, 60)], SCALED, "the style picture .*300x60", "style_size=59"),
        (
            *(blank(90, 90), [blank(300, 60)], dataclasses.replace(SCALED, style_size=30)),
            *("the style picture .*300x60", "style_size=59"),
        ),
    ],
)
def test_the_least_that_is_named_works_and_one_less_does_not(
    refused, content, styles, settings, own, advice
):
    with pytest.raises(UserError, match=f"{own}.*{advice}") as caught:
        make_levels(content, styles, settings, "vgg16")
    name, least = re.search(r"use (\w+)=(\d+) or more", str(caught.value)).groups()
    make_levels(content, styles, dataclasses.replace(settings, **{name: int(least)}), "vgg16")
    with refused(f"{own}.*{name}={least} or more"):
        less = dataclasses.replace(settings, **{name: int(least) - 1})
        make_levels(content, styles, less, "vgg16")


@pytest.mark.parametrize(
    ("content", "styles", "settings", "match"),
    [
        (blank(3, 3), [blank(9, 9)], SETTINGS, "content picture has only 3x3 .*give a larger one"),
        (blank(9, 9), [blank(900, 7)], SETTINGS, "style picture has only 900x7 .*less narrow one"),
        (
            *(blank(9, 9), [blank(900, 9)], dataclasses.replace(SETTINGS, style_scale=(1e-9,))),
            "its own: 900x9.* use a larger style_scale$",
        ),
        (
            *(None, [blank(90, 90)], Settings(aspect=5e-324, content_layers=())),
            "the result has only 0x512 pixels .* use an aspect nearer to 1$",
        ),
    ],
)
def test_what_no_size_mends_is_told_without_one(refused, content, styles, settings, match):
    with refused(match):
        make_levels(content, styles, settings, "vgg16")


def test_levels_where_nothing_of_a_style_would_be_left_are_left_out():
    """The short side of this one is rounded to 0 pixels at the first levels."""
    settings = Settings(size=512, coarsest=32, content_layers=(), style_layers=("relu1_1",))
    levels = make_levels(blank(512, 512), [blank(4000, 16)], settings, "vgg16")
    assert levels[0].width > 125
    assert levels[-1].width == 512


@pytest.mark.parametrize("short", [1, 2, 3, 7, 8, 31, 32])
def test_the_least_long_side_is_the_least(short):
    for height, width in (
        (3, 1000),
        (1000, 3),
        (10, 1000),
        (1, 1),
        (17, 23),
        (0.01, 1),
        (7, 60000),
    ):
        least = least_long_side(height, width, short)
        assert min(scaled(height, width, least)) >= short
        assert min(scaled(height, width, least - 1)) < short
    assert least_long_side(1, 1e300, short) == least_long_side(5e-324, 1, short) == BEYOND


def test_who_fits_a_narrow_picture_is_told_the_least(refused):
    with refused(
        "a picture of 1000x3 pixels is too narrow for size 100: give a size of 167 or more"
    ):
        fit(3, 1000, 100)
    assert fit(3, 1000, 167) == (1, 167)


def test_of_the_library_the_picture_is_named_by_its_place(network, refused):
    with refused("^style picture 2 has type int8"):
        stylize(blank(9, 9), [blank(9, 9), np.zeros((9, 9), np.int8)], weights=network("vgg16"))


@pytest.fixture
def folder(tmp_path, monkeypatch, weights_file):
    monkeypatch.chdir(tmp_path)
    for name, size in (("wide.png", (1000, 10)), ("strip.png", (20, 700)), ("plain.png", (90, 90))):
        Image.new("RGB", size).save(name)
    Path("net.safetensors").symlink_to(weights_file)
    return tmp_path


@pytest.mark.parametrize(
    ("pictures", "name", "own", "flag", "least"),
    [
        (["wide.png", "plain.png"], "wide.png", "1000x10", "--size", 750),
        (["plain.png", "plain.png", "strip.png"], "strip.png", "20x700", "--style-size", 263),
    ],
)
def test_the_command_names_file_and_flag(
    folder, capsys, monkeypatch, pictures, name, own, flag, least
):
    def works(*_, **__):
        raise FloatingPointError("it works")

    monkeypatch.setattr(Session, "go_on", works)
    flags = ["--model", "net.safetensors", "--device", "cpu", "--size", "96", "-o", "out.png"]
    assert main(["stylize", *pictures, *flags]) == 2
    error = capsys.readouterr().err
    assert re.search(rf"^error: the (content|style) picture {name} .*its own: {own}", error)
    assert f"use {flag} {least} or more" in error
    for value, word in ((least, "it works"), (least - 1, f"use {flag} {least} or more")):
        assert main(["stylize", *pictures, *flags, flag, str(value)]) == 2
        assert word in capsys.readouterr().err
