"""The command and names: whatever files are called, and whatever somebody wrote into a recipe."""

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reference.commands import FLAGS, HERE
from reference.recipes import recipe_of_text, with_recipe

from nstjax.cli import main
from nstjax.cli.parsing.settings_file import read_settings_file
from nstjax.cli.running import job
from nstjax.images import read_comment
from nstjax.settings.recipe import Recipe

pytestmark = pytest.mark.usefixtures("quick_to_compile")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save("style.png")
    return tmp_path


NAMES = [
    "Screenshot at 1.23.45\u202fPM.png",  # as macOS calls them
    "no\u00a0break \U0001f469\u200d\U0001f52c.png",
    "tab\tand\nline.png",
    "'single' \"double\" back\\slash.png",
    os.fsdecode(b"caf\xe9.png"),  # no UTF-8
    "\x1b[2J\u202e.png",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_recipe_is_the_file_of_that_name(folder, asked, name):
    with_recipe("old.png", content=name, styles=(name, "style.png"), masks=(name, name))
    assert main(["stylize", "--like", "old.png", "-o", "new.png"]) == 0
    (found,) = asked
    assert [str(each) for each in (found.content, *found.styles, *found.masks)] == [
        *(name, name, "style.png", name, name),
    ]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="refuses such names")
def test_pictures_of_any_name_are_found_again_and_nothing_unsafe_is_printed(
    folder, weights_file, monkeypatch, capsys
):
    for name in NAMES:
        shutil.copy("style.png", name)
    weights = f"net {NAMES[0]}.safetensors"
    Path(weights).symlink_to(weights_file)
    flags = [*FLAGS, "--device", "cpu", "--init", NAMES[0], "--model", weights]
    pictures = [NAMES[0], *NAMES[3:5]]
    assert main(["stylize", *pictures, "-o", NAMES[5], *flags]) == 0
    recipe = Recipe.from_json(read_comment(NAMES[5]), "it")
    assert [recipe.content, *recipe.styles] == pictures
    capsys.readouterr()
    assert main(["explain", NAMES[5]]) == 0
    printed = capsys.readouterr().out
    Path("x.toml").write_text(printed, encoding="utf-8")
    with monkeypatch.context() as patch:
        asked = []
        patch.setattr(job, "run_job", lambda arguments: asked.append(arguments) or 0)
        assert main(["stylize", "--like", NAMES[5], "-o", "new.png"]) == 0
        assert main(["stylize", *pictures, "-o", "new.png", "--settings", "x.toml"]) == 0
    for found in asked:
        assert (found.settings, found.model) == (recipe.settings, weights)
        assert [str(found.content), *map(str, found.styles)] == pictures
    assert main(["stylize", "--like", NAMES[5], "-o", "new.png", "--device", "cpu"]) == 0
    said = capsys.readouterr().err
    assert f"as in \\u001b[2J\\u202e.png: {NAMES[0]} like" in said
    Path(NAMES[4]).unlink()
    assert main(["stylize", "--like", NAMES[5], "-o", "new.png", *HERE]) == 2
    error = capsys.readouterr().err
    assert error.startswith(r"error: caf\udce9.png does not exist")
    for text in (printed, said, error):
        assert not set(text) & set("\x1b\u202e\t\udce9")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16", "utf-8"])
def test_explain_gives_toml_whatever_the_stream_takes(folder, encoding, monkeypatch):
    name = "Gr\u00f6\u00dfe \u5bae \U0001f3f0 \u202f.pth"
    with_recipe("old.png", content=name, model=name)
    with open("x.toml", "w", encoding=encoding) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert main(["explain", "old.png"]) == 0
    assert read_settings_file(Path("x.toml"))["model"] == name


def test_explain_says_what_toml_cannot_hold(folder, capsys):
    with_recipe("old.png", model="net\udce9.pth")
    assert main(["explain", "old.png"]) == 0
    out, err = capsys.readouterr()
    assert "model" not in tomllib.loads(out)
    assert err == "left out, since TOML cannot hold it: model net\\udce9.pth\n"


@pytest.mark.parametrize("key", ["content", "styles", "masks", "style_masks"])
def test_a_recipe_does_not_open_the_pictures_of_a_folder(folder, capsys, key):
    Path("album").mkdir()
    shutil.copy("style.png", "album")
    found = json.loads(with_recipe("old.png").to_json())
    found[key] = "album" if key == "content" else ["album"]
    recipe_of_text(json.dumps(found))
    assert main(["stylize", "--like", "bad.png", "-o", "new.png", *HERE]) == 2
    assert "its recipe names album, which is a folder" in capsys.readouterr().err
