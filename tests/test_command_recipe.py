"""The command and what it keeps in its pictures: alpha, EXIF, and the recipe to make them again."""

import dataclasses
import json
import os
import tomllib
from pathlib import Path

import numpy as np
import png
import pytest
from PIL import Image
from PIL.ExifTags import Base
from reference.commands import FLAGS, HERE, QUICK
from reference.recipes import recipe_of_text, with_recipe

from nstjax import PRESETS
from nstjax.cli import main
from nstjax.images import read_comment
from nstjax.images.files.formats import endings
from nstjax.settings.mixture import parse_mixture
from nstjax.settings.recipe import Recipe

pytestmark = pytest.mark.usefixtures("quick_to_compile")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name, channels in (("content.png", 4), ("style.png", 3), ("other.png", 3)):
        Image.fromarray(random.integers(0, 255, (24, 32, channels), np.uint8)).save(name)
    return tmp_path


def make(weights_file, output, *flags):
    pictures = ["content.png", "style.png", "-o", output, "--model", str(weights_file)]
    assert main(["stylize", *pictures, *FLAGS, *HERE, *flags]) == 0


def recipe_in(path):
    return Recipe.from_json(read_comment(path), str(path))


def test_every_format_carries_the_recipe_and_all_make_the_same_picture_again(folder, weights_file):
    make(weights_file, "out.png")
    pixels = np.asarray(Image.open("out.png"))
    assert str(folder).encode() not in Path("out.png").read_bytes()
    Path("random.safetensors").symlink_to(weights_file)
    for ending in (".png", ".tif", ".webp"):
        if ending not in endings():
            continue
        make(weights_file, f"out{ending}")
        assert recipe_in(f"out{ending}") == recipe_in("out.png")
        again = ["stylize", "--like", f"out{ending}", "-o", "again.png", *HERE]
        assert main(again) == 0
        with Image.open("again.png") as found:
            np.testing.assert_array_equal(np.asarray(found), pixels)
        assert recipe_in("again.png") == recipe_in("out.png")
    found = recipe_in("out.png")
    assert dataclasses.asdict(found.settings).items() >= QUICK.items()
    assert (found.content, found.styles, found.model) == (
        *("content.png", ("style.png",), "random.safetensors"),
    )


def test_masks_leave_the_rest_as_it_is_and_are_found_again(folder, weights_file, capsys):
    with Image.open("content.png") as content:
        content.convert("RGB").save("content.png")
    left = np.repeat([[255, 0]], 16, axis=1).repeat(24, axis=0).astype(np.uint8)
    Image.fromarray(left).save("left.png")
    Image.fromarray(left.T).resize((32, 24)).save("top.png")
    flags = ["--masks", "left.png", "--style-masks", "top.png"]
    make(weights_file, "out.png", *flags)
    make(weights_file, "whole.png")
    make(weights_file, "without.png", *flags[:2])
    found, content, whole, without = (
        np.int32(np.asarray(Image.open(name)))
        for name in ("out.png", "content.png", "whole.png", "without.png")
    )
    np.testing.assert_array_equal(found[:, 16:], content[:, 16:])
    for other in (content, whole, without):
        assert np.abs(found[:, :16] - other[:, :16]).mean() > 5
    recipe = recipe_in("out.png")
    assert (recipe.masks, recipe.style_masks) == (("left.png",), ("top.png",))
    Path("random.safetensors").symlink_to(weights_file)
    capsys.readouterr()
    assert main(["stylize", "--like", "out.png", "-o", "again.png", "--device", "cpu"]) == 0
    assert "content.png like style.png --masks left.png --style-masks top.png\n" in (
        capsys.readouterr().err
    )
    assert Path("again.png").read_bytes() == Path("out.png").read_bytes()


def test_what_explain_prints_makes_the_same_picture(folder, weights_file, capsys):
    make(weights_file, "out.png", "--bit-depth", "16")
    assert main(["explain", "out.png"]) == 0
    printed = capsys.readouterr().out
    Path("x.toml").write_text(printed, encoding="utf-8")
    Path("random.safetensors").symlink_to(weights_file)
    pictures = ["content.png", "style.png", "-o", "again.png", "--bit-depth", "16"]
    assert main(["stylize", *pictures, "--settings", "x.toml", *HERE]) == 0
    assert Path("again.png").read_bytes() == Path("out.png").read_bytes()
    assert "size = 32  # in the preset: 512" in printed


def test_alpha_and_camera_are_kept_at_16_bits_too(folder, weights_file):
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Orientation] = "Maker", 3
    with Image.open("content.png") as content:
        alpha = np.uint16(content.getchannel("A"))[::-1, ::-1]
        content.save("content.png", exif=exif)
    for flags in ([], ["--bit-depth", "16"], ["--save-every", "3"]):
        make(weights_file, "out.png", *flags)
        with open("out.png", "rb") as file:
            width, height, rows, about = png.Reader(file=file).read()
            found = np.vstack([np.array(row) for row in rows]).reshape(height, width, 4)
        np.testing.assert_array_equal(found[..., 3], alpha * (257 if "16" in flags else 1))
        assert about["bitdepth"] == (16 if "16" in flags else 8)
        with Image.open("out.png") as image:
            assert image.getexif()[Base.Make] == "Maker"
            assert image.getexif()[Base.Orientation] == 1
    assert Path("out_00003.png").read_bytes() == Path("out.png").read_bytes()


def test_flags_win_over_the_recipe_and_the_recipe_over_the_preset(folder, asked):
    recipe = with_recipe("old.png")
    assert main(["stylize", "--like", "old.png", "-o", "new.png", "--steps", "9"]) == 0
    assert main(["stylize", "other.png", "--like", "old.png", "-o", "new.png"]) == 0
    assert main(["stylize", "other.png", "content.png", "--like=old.png", "-o", "new.png"]) == 0
    assert asked[0].settings == dataclasses.replace(recipe.settings, steps=9)
    assert asked[0].model == "vgg19"
    assert asked[0].preset == "tutorial"
    pictures = [(str(each.content), tuple(map(str, each.styles))) for each in asked]
    assert pictures == [
        ("content.png", ("style.png", "other.png")),
        ("other.png", ("style.png", "other.png")),
        ("other.png", ("content.png",)),
    ]


def test_flags_win_over_a_file_and_the_file_over_the_preset(folder, asked):
    Path("x.toml").write_text('steps = 7\ncoarse_steps = 8\npreset = "tutorial"\nmodel = "vgg16"\n')
    pictures = ["content.png", "style.png", "-o", "new.png", "--settings", "x.toml"]
    assert main(["stylize", *pictures, "--steps", "9"]) == 0
    assert main(["stylize", *pictures, "--preset", "gatys2016", "--model", "vgg19"]) == 0
    changed = {"steps": 9, "coarse_steps": 8}
    assert asked[0].settings == dataclasses.replace(PRESETS["tutorial"], **changed)
    changed = {"steps": 7, "coarse_steps": 8}
    assert asked[1].settings == dataclasses.replace(PRESETS["gatys2016"], **changed)
    assert [each.model for each in asked] == ["vgg16", "vgg19"]
    assert [each.preset for each in asked] == ["tutorial", "gatys2016"]


def test_files_of_a_recipe_are_looked_for_beside_it_and_here(folder, asked):
    Path("album").mkdir()
    settings = dataclasses.replace(PRESETS["default"], init="start.png")
    with_recipe("album/old.png", model="net.pth", settings=settings, preset="default")
    for name in ("album/style.png", "net.pth", "album/start.png", "album/vgg19"):
        Path(name).touch()
    assert main(["stylize", "--like", "album/old.png", "-o", "new.png"]) == 0
    assert str(asked[0].content) == "content.png"
    assert [each.as_posix() for each in asked[0].styles] == ["album/style.png", "other.png"]
    assert asked[0].model == "net.pth"
    assert Path(asked[0].settings.init) == Path("album/start.png")
    with_recipe("album/old.png")
    assert main(["stylize", "--like", "album/old.png", "-o", "new.png"]) == 0
    assert (asked[1].model, asked[1].settings.init) == ("vgg19", "content")


@pytest.mark.parametrize("album", ["album", "2*al+bum"])
def test_files_of_a_mixture_are_looked_for_beside_it_and_here(folder, asked, album):
    Path(album).mkdir()
    init = "0.25*content+0.5*/far/start.png+.125*here.png+gone.png"
    settings = dataclasses.replace(PRESETS["default"], init=init)
    with_recipe(f"{album}/old.png", settings=settings, preset="default")
    for name in (f"{album}/start.png", f"{album}/here.png", "here.png", "start.png", "content"):
        Path(name).touch()
    Path(album, "here.png").unlink()
    assert main(["stylize", "--like", f"{album}/old.png", "-o", "new.png"]) == 0
    located = str(Path(album, "start.png"))
    assert asked[0].settings.init == f"0.25*content+0.5*{located}+.125*here.png+gone.png"
    found = parse_mixture("init", asked[0].settings.init)
    assert [name for name, _ in found] == ["content", located, "here.png", "gone.png"]


def test_a_file_named_like_a_mixture_is_found_too(folder, asked):
    Path("album").mkdir()
    Path("album/a+b.png").touch()
    for init in ("a+b.png", "2*a+b.png+3*noise"):
        settings = dataclasses.replace(PRESETS["default"], init=f"/far/{init}")
        with_recipe("album/old.png", settings=settings, preset="default")
        found = json.loads(read_comment("album/old.png"))
        found["settings"]["init"] = init
        recipe_of_text(json.dumps(found), "album/old.png")
        assert main(["stylize", "--like", "album/old.png", "-o", "new.png"]) == 0
        assert asked[-1].settings.init == init.replace("a+b.png", str(Path("album/a+b.png")))


def test_a_mixture_makes_the_same_picture_again(folder, weights_file):
    Path("album").mkdir()
    Path("other.png").rename("album/start.png")
    make(weights_file, "album/out.png", "--init", "2*album/start.png+content+0.5*style_noise")
    recipe = recipe_in("album/out.png")
    assert recipe.settings.init == "2*start.png+content+0.5*style_noise"
    again = ["--like", "album/out.png", "-o", "again.png", "--model", str(weights_file)]
    assert main(["stylize", *again, *HERE]) == 0
    with Image.open("again.png") as found, Image.open("album/out.png") as expected:
        np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
    assert recipe_in("again.png") == recipe


def test_masks_are_files_of_a_recipe_too_and_can_be_left_out(folder, asked):
    Path("album").mkdir()
    about = {"masks": ("sky.png", "ground.png"), "style_masks": ("../moon.png", "hill.png")}
    with_recipe("album/old.png", **about)
    for name in ("album/sky.png", "ground.png", "moon.png", "hill.png", "album/hill.png"):
        Path(name).touch()
    like = ["stylize", "--like", "album/old.png", "-o", "new.png"]
    assert main(like) == 0
    assert main([*like, "--masks", "other.png"]) == 0
    assert main([*like, "--masks", "--style-masks"]) == 0
    assert [[each.as_posix() for each in found.masks] for found in asked] == [
        *(["album/sky.png", "ground.png"], ["other.png"], []),
    ]
    assert [[each.as_posix() for each in found.style_masks] for found in asked] == [
        *(["moon.png", "album/hill.png"], ["moon.png", "album/hill.png"], []),
    ]


def test_a_recipe_reaches_no_other_folder(folder, asked):
    Path("album").mkdir()
    Path("net.pth").touch()
    with_recipe("album/old.png")
    found = json.loads(read_comment("album/old.png"))
    found |= {"content": "../content.png", "styles": ["/x/y"], "model": "../no.pth"}
    found["settings"]["init"] = "/etc/start.png"
    recipe_of_text(json.dumps(found), "album/old.png")
    assert main(["stylize", "--like", "album/old.png", "-o", "new.png"]) == 0
    assert asked[0].content.as_posix() == "content.png"
    assert [each.as_posix() for each in asked[0].styles] == ["album/y"]
    assert (asked[0].model, asked[0].settings.init) == ("no.pth", "start.png")
    for init in ("1*/etc/start.png+../b.png", "../start.png+/content.png", "noise+album/../.."):
        found["settings"]["init"] = init
        recipe_of_text(json.dumps(found), "album/old.png")
        assert main(["stylize", "--like", "album/old.png", "-o", "new.png"]) == 0
        assert "/" not in asked[-1].settings.init


@pytest.mark.parametrize("name", ["", ".", "..", "/", "x" * 300, "album/", "gone.png"])
@pytest.mark.parametrize("key", ["content", "styles", "masks", "style_masks", "model"])
def test_names_that_cannot_be_files_give_one_line(folder, capsys, key, name):
    Path("album").mkdir()
    recipe = with_recipe("old.png")
    values = {"content": name, "model": name}
    values |= {"styles": [name], "masks": [name], "style_masks": [name]}
    found = json.loads(recipe.to_json()) | {"model": "gone.pth", key: values[key]}
    recipe_of_text(json.dumps(found))
    assert main(["stylize", "--like", "bad.png", "-o", "new.png", *HERE]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1
    assert not Path("new.png").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (lambda: ["--like", "style.png"], "style.png holds no recipe"),
        (lambda: ["--like", "nowhere.png"], "nowhere.png does not exist"),
        (lambda: ["--like", "."], ". is a folder"),
        (lambda: ["--like", recipe_of_text("no JSON")], "bad.png holds no recipe"),
        (lambda: ["--like", recipe_of_text("[" * 10_000)], "bad.png holds no recipe"),
        (lambda: ["--like", recipe_of_text('{"nstjax": 1}')], "bad.png"),
        (lambda: ["--like"], "--like"),
        (lambda: ["--settings"], "--settings"),
        (lambda: ["--settings", "nowhere.toml"], "nowhere.toml"),
        (lambda: ["--settings", "style.png"], "style.png is no TOML file"),
        (lambda: ["--like", "style.png", "--settings", "x.toml"], "leave out"),
        (lambda: ["--like", "style.png", "--preset", "default"], "leave out"),
        (lambda: ["--bit-depth", "12"], "12"),
        (lambda: ["--bit-depth", "16", "-o", "out.jpg"], ".png, .apng, .tif, .tiff"),
        (lambda: ["--size", "70000", "-o", "out.jpg"], "65500"),
    ],
)
def test_a_mistake_gives_one_line_and_leaves_nothing(folder, capsys, arguments, word):
    flags = arguments()
    before = sorted(os.listdir())
    assert main(["stylize", "content.png", "style.png", "-o", "out.png", *flags]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert word in err
    assert sorted(os.listdir()) == before


def test_a_picture_of_the_recipe_that_is_gone_is_named(folder, capsys):
    with_recipe("old.png", content="gone.png")
    assert main(["stylize", "--like", "old.png", "-o", "new.png", *HERE]) == 2
    assert capsys.readouterr().err.startswith("error: gone.png does not exist")


@pytest.mark.parametrize(
    "arguments", [[], ["style.png"], ["nowhere.png"], ["old.png", "style.png"]]
)
def test_explain_needs_one_picture_with_a_recipe(folder, capsys, arguments):
    with_recipe("old.png")
    assert main(["explain", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert main(["explain", "old.png"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["preset"] == "tutorial"
