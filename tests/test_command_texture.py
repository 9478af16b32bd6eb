"""The commands that make pictures without content, or without style."""

import numpy as np
import pytest
from PIL import Image
from reference.commands import FLAGS, HERE, QUICK

from nstjax.cli import main
from nstjax.images import read, read_comment
from nstjax.settings.recipe import Recipe

pytestmark = pytest.mark.usefixtures("quick_to_compile")

OF_STYLE, OF_CONTENT = (
    [
        *FLAGS[: FLAGS.index(f"--{other}-layers")],
        *FLAGS[FLAGS.index(f"--{other}-layers") + 1 + len(QUICK[f"{other}_layers"]) :],
    ]
    for other in ("content", "style")
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name, channels in (("content.png", 4), ("style.png", 3), ("other.png", 3)):
        Image.fromarray(random.integers(0, 255, (24, 32, channels), np.uint8)).save(name)
    return tmp_path


def test_a_texture_and_a_reconstruction_are_made_and_made_again(weights_file, folder):
    model = ["--model", str(weights_file), *HERE]
    assert main(["texture", "style.png", "-o", "t.png", "--aspect", "0.75", *model, *OF_STYLE]) == 0
    assert main(["reconstruct", "content.png", "-o", "r.png", *model, *OF_CONTENT]) == 0
    for name, command, size in (("t", "texture", (24, 32)), ("r", "reconstruct", (32, 24))):
        with Image.open(f"{name}.png") as made:
            assert made.size == size
        recipe = Recipe.from_json(read_comment(f"{name}.png"), name)
        assert recipe.command == command
        assert bool(recipe.content) == (command == "reconstruct")
        assert main([command, "--like", f"{name}.png", "-o", "again.png", *model]) == 0
        np.testing.assert_array_equal(read(f"{name}.png"), read("again.png"))


def test_a_texture_may_be_of_a_part_of_a_picture(weights_file, folder):
    left = np.repeat([[255, 0, 0, 0]], 8, axis=1).repeat(24, axis=0).astype(np.uint8)
    Image.fromarray(left).save("left.png")
    model = ["--model", str(weights_file), *HERE]
    masked = ["texture", "style.png", "--style-masks", "left.png", *model, *OF_STYLE]
    # The preset's noise has the colors of the whole picture.
    assert main([*masked, "-o", "part.png", "--init", "noise"]) == 0
    recipe = Recipe.from_json(read_comment("part.png"), "part.png")
    assert recipe.style_masks == ("left.png",)
    # What lies beyond the sight of the layers from there changes nothing.
    with Image.open("style.png") as style:
        style.paste((9, 99, 0), (24, 0, 32, 24))
        style.save("style.png")
    assert main(["texture", "--like", "part.png", "-o", "again.png", *model]) == 0
    np.testing.assert_array_equal(read("part.png"), read("again.png"))
    without = ["texture", "--like", "part.png", "--style-masks", "-o", "whole.png"]
    assert main([*without, *model]) == 0
    assert (read("part.png") != read("whole.png")).mean() > 0.5


def test_a_command_has_only_flags_that_matter_to_it(capsys, folder):
    for command, flag in (
        ("stylize", "--aspect"),
        ("texture", "--content-layers"),
        ("texture", "--color"),
        ("texture", "--masks"),
        ("reconstruct", "--style-loss"),
    ):
        assert main([command, "content.png", "-o", "x.png", flag, "1"]) == 2
        assert flag in capsys.readouterr().err
