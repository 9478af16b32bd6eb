"""A file that is written is none that is read: refused in one line, with every file as it was."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstjax.cli import main
from nstjax.images import write
from nstjax.settings import Settings
from nstjax.settings.recipe import Recipe

PICTURES = ("content.png", "style.png", "mask.png", "first.png", "out_00010.png")
RECIPE = Recipe(
    settings=Settings(), preset="default", content="content.png", styles=("style.png",), model="x"
)
STYLIZE = ["stylize", "content.png", "style.png"]
SWEEP = ["sweep", "content.png", "style.png", "--over"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("paintings").mkdir()
    Path("sheet").mkdir()
    random = np.random.default_rng(0)
    for name in (*PICTURES, "paintings/one.png", "paintings/two.png", "sheet/2024-07-01.png"):
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    write("like.png", np.zeros((24, 32, 3)), comment=RECIPE.to_json())
    Path("x.toml").write_text("steps = 3\n")
    Path("x.safetensors").write_text("no weights, which nobody reads")
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "kept"))
    Path("kept/weights").mkdir(parents=True)
    Path("kept/weights/vgg16-onnx.safetensors").write_text("weights")
    os.link("kept/weights/vgg16-onnx.safetensors", "linked.safetensors")
    if os.name != "nt":
        Path("soft.png").symlink_to("content.png")
        Path("softer.png").symlink_to("soft.png")
        Path("soft_style.png").symlink_to("style.png")
        Path("elsewhere").symlink_to(".")
        Path("to_new.png").symlink_to("new.png")
    os.link("content.png", "hard.png")
    os.link("style.png", "out_00020.png")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([*STYLIZE, "-o", "content.png"], "content.png: it is the content picture; choose another"),
        ([*STYLIZE, "-o", "style.png"], "style.png: it is a style picture"),
        ([*STYLIZE, "-o", "mask.png", "--masks", "mask.png"], "it is a mask"),
        ([*STYLIZE, "-o", "mask.png", "--style-masks", "mask.png"], "it is a style mask"),
        ([*STYLIZE, "-o", "first.png", "--init", "first.png"], "first picture of --init"),
        ([*STYLIZE, "-o", "first.png", "--init", "0.3*first.png+noise"], "first picture of --init"),
        ([*STYLIZE, "-o", "soft.png"], "soft.png: it is the content picture content.png"),
        ([*STYLIZE, "-o", "softer.png"], "it is the content picture"),
        ([*STYLIZE, "-o", "hard.png"], "it is the content picture"),
        ([*STYLIZE, "-o", "elsewhere/content.png"], "it is the content picture"),
        ([*STYLIZE, "-o", "paintings/../style.png"], "it is a style picture"),
        (["stylize", "soft.png", "style.png", "-o", "hard.png"], "it is the content picture"),
        (["stylize", "content.png", "soft_style.png", "-o", "style.png"], "it is a style picture"),
        (["stylize", "content.png", "paintings", "-o", "paintings/one.png"], "a style picture"),
        ([*STYLIZE, "--like", "like.png", "-o", "like.png"], "the picture of --like"),
        ([*STYLIZE, "-o", "new.png", "--metrics", "content.png"], "it is the content picture"),
        ([*STYLIZE, "-o", "new.png", "--metrics", "soft.png"], "it is the content picture"),
        ([*STYLIZE, "-o", "new.png", "--metrics", "x.toml", "--settings", "x.toml"], "--settings"),
        (
            [*STYLIZE, "-o", "new.png", "--metrics", "x.safetensors", "--model", "x.safetensors"],
            "it is the weights of --model",
        ),
        (
            [*STYLIZE, "-o", "new.png", "--metrics", "kept/weights/vgg16-onnx.safetensors"],
            "the networks are kept there",
        ),
        (
            [*STYLIZE, "-o", "new.png", "--metrics", "kept/weights/vgg19.safetensors"],
            "the networks are kept there",
        ),
        (
            [*STYLIZE, "-o", "new.png", "--metrics", "linked.safetensors"],
            "it is a network that is kept",
        ),
        ([*STYLIZE, "-o", "new.png", "--metrics", "new.png"], "it is the file of --metrics"),
        ([*STYLIZE, "-o", "new.png", "--metrics", "elsewhere/NEW.png"], "the file of --metrics"),
        ([*STYLIZE, "-o", "to_new.png", "--metrics", "new.png"], "it is the file of --metrics"),
        (
            ["stylize", "out_00010.png", "style.png", "-o", "out.png", "--save-every", "5"],
            "pictures on the way into .: out_00010.png has such a name and is the content picture",
        ),
        ([*STYLIZE, "-o", "out.png", "--save-every", "5"], "style.png has such a name"),
        (
            [*STYLIZE, "-o", "o.png", "--save-every", "5", "--metrics", "o_00015.png"],
            "o_00015.png has such a name and is the file of --metrics",
        ),
        (["texture", "style.png", "-o", "style.png"], "it is a style picture"),
        (["reconstruct", "content.png", "-o", "hard.png"], "it is the content picture"),
        ([*SWEEP, "seed=1", "-o", "content.png"], "it is the content picture"),
        ([*SWEEP, "seed=1", "-o", "style.png"], "it is a style picture"),
        ([*SWEEP, "init=content,first.png", "-o", "first.png"], "first picture of --init"),
        (
            ["sweep", "sheet/2024-07-01.png", "style.png", "--over", "seed=1", "-o", "sheet.png"],
            "cannot write pictures into sheet: sheet/2024-07-01.png has such a name",
        ),
        ([*SWEEP, "seed=1", "-o", "x.png", "--settings", "x.json"], "it is the file of --settings"),
    ],
)
def test_an_output_that_is_an_input_is_refused(folder, capsys, monkeypatch, command, message):
    Path("x.json").write_text("steps = 3\n")
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    before = contents(folder)
    network = [] if "--model" in command else ["--model", "x.safetensors"]
    assert main([*command, *network]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: cannot write ")
    assert error.count("\n") == 1
    assert message in error
    assert contents(folder) == before


@pytest.mark.parametrize(
    "flags",
    [
        ["-o", "new.png", "--metrics", "new.jsonl"],
        ["-o", "out.png", "--save-every", "3"],  # neither 10 nor 20 is a multiple
        ["-o", "like.png"],  # what was painted before, but is not looked at
    ],
)
def test_other_files_are_no_obstacle(folder, capsys, flags):
    """The weights are read after all this."""
    assert main([*STYLIZE, *flags, "--model", "x.safetensors"]) == 2
    assert "x.safetensors" in capsys.readouterr().err
