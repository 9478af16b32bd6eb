"""`nstjax sweep`, run for real: the sheet, the pictures, the index, and what a second run keeps."""

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstjax import together
from nstjax.cli import main
from nstjax.images import read, read_comment, resize
from nstjax.settings import Settings
from nstjax.settings.recipe import Recipe

pytestmark = pytest.mark.usefixtures("quick_to_compile")

QUICK = [
    *("--size", "24", "--coarse-steps", "0", "--steps", "2"),
    *("--content-layers", "relu1_2", "--style-layers", "relu1_1"),
    *("--device", "cpu", "--quiet"),
]
OVER = ["--over", "content_weight=0.01,1", "--over", "content_layers=relu1_1,relu1_2"]


@pytest.fixture
def folder(tmp_path, monkeypatch, weights_file):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("content.png", "style.png", "other.png"):
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    Path("random.safetensors").symlink_to(weights_file)
    return tmp_path


def sweep(*flags, output="sheet.png", over=OVER):
    pictures = ["content.png", "style.png", "-o", output, "--model", "random.safetensors"]
    return main(["sweep", *pictures, *QUICK, *over, *flags])


def index(name="sheet.json"):
    return json.loads(Path(name).read_text())


def recipe_in(path):
    return Recipe.from_json(read_comment(path), str(path))


def times():
    return {path.name: path.stat().st_mtime_ns for path in Path("sheet").iterdir()}


def position(sheet, picture):
    """Where a picture stands in the sheet to the byte."""
    height, width, _ = picture.shape
    tops, lefts = np.nonzero((sheet == picture[0, 0]).all(axis=-1))
    (found,) = (
        (top, left)
        for top, left in zip(tops, lefts, strict=True)
        if np.array_equal(sheet[top : top + height, left : left + width], picture)
    )
    return found


def test_a_sweep_makes_pictures_an_index_and_a_sheet(folder, painted):
    assert sweep() == 0
    assert painted == [2, 2]  # content_weight in one program, each layer in its own
    assert sorted(os.listdir("sheet")) == [
        "001-content_weight=0.01,content_layers=relu1_1.png",
        "002-content_weight=0.01,content_layers=relu1_2.png",
        "003-content_weight=1,content_layers=relu1_1.png",
        "004-content_weight=1,content_layers=relu1_2.png",
    ]
    found = index()
    assert (found["content"], found["styles"], found["model"]) == (
        *("content.png", ["style.png"], "random.safetensors"),
    )
    with Image.open("sheet.png") as image:
        sheet = np.asarray(image)
    positions = {}
    for cell in found["cells"]:
        settings = recipe_in(cell["file"]).settings
        assert settings.content_weight == cell["settings"]["content_weight"]
        assert list(settings.content_layers) == cell["settings"]["content_layers"]
        assert (settings.size, settings.tv_weight) == (24, Settings().tv_weight)
        with Image.open(cell["file"]) as picture:
            assert list(picture.size) == cell["size"] == [24, 18]
            positions[cell["row"], cell["column"]] = position(sheet, np.asarray(picture))
        losses = cell["losses"]
        terms = sum(
            getattr(settings, f"{name}_weight") * losses[name]
            for name in ("content", "style", "tv", "photo")
        )
        assert losses["total"] == pytest.approx(terms, rel=1e-4)
        assert cell["seconds"] > 0
    assert [cell["settings"]["content_weight"] for cell in found["cells"]] == [0.01, 0.01, 1, 1]
    (top, left), (same_top, right), (bottom, same_left) = (
        positions[place] for place in ((0, 0), (0, 1), (1, 0))
    )
    assert (same_top, same_left) == (top, left)
    assert bottom > top
    assert right > left
    assert positions[1, 1] == (bottom, right)


def test_a_picture_of_its_own_program_is_what_stylize_makes(folder):
    over = ["--over", "style_layers=relu1_2,relu1_1+relu1_2"]
    assert sweep(over=over) == 0
    pictures = ["content.png", "style.png", "-o", "alone.png", "--model", "random.safetensors"]
    assert main(["stylize", *pictures, *QUICK, "--style-layers", "relu1_1", "relu1_2"]) == 0
    (second,) = Path("sheet").glob("002-*")
    assert second.read_bytes() == Path("alone.png").read_bytes()


def test_what_is_there_is_kept_and_what_is_gone_is_made_again(folder, painted, capsys):
    assert sweep() == 0
    before, entries, sheet = times(), index(), Path("sheet.png").read_bytes()
    assert sweep() == 0
    assert (times(), index(), Path("sheet.png").read_bytes()) == (before, entries, sheet)
    (third,) = Path("sheet").glob("003-*")
    third.unlink()
    Path("sheet.png").unlink()
    assert sweep() == 0
    assert painted == [2, 2, 1]
    after = times()
    changed = {name for name, time in after.items() if time != before[name]}
    assert changed == {third.name}
    assert Path("sheet.png").is_file()
    Path("sheet.json").write_text('{"cells": [3, null]}')  # damaged: the pictures are believed
    assert sweep() == 0
    assert times() == after
    assert [cell["losses"] for cell in index()["cells"]] == [None] * 4


def test_another_recipe_picture_or_depth_makes_all_anew(folder, painted):
    assert sweep() == 0
    assert sweep("--tv-weight", "0.25") == 0
    assert sum(painted) == 8
    assert recipe_in(index()["cells"][0]["file"]).settings.tv_weight == 0.25
    os.replace("other.png", "style.png")  # of the same name
    assert sweep("--tv-weight", "0.25") == 0
    assert sum(painted) == 12
    assert sweep("--tv-weight", "0.25", "--bit-depth", "16") == 0
    assert sum(painted) == 16


def test_masks_are_taken_and_a_changed_one_makes_all_anew(folder, painted):
    mask = np.zeros((24, 32), np.uint8)
    mask[:, :16] = np.linspace(100, 255, 16)
    over = ["--masks", "mask.png", "--over", "seed=1,2"]
    Image.fromarray(mask).save("mask.png")
    assert sweep(over=over) == 0
    content = read("content.png")
    for cell in index()["cells"]:
        assert recipe_in(cell["file"]).masks == ("mask.png",)
        difference = np.abs(read(cell["file"]) - resize(content, 18, 24)).max(axis=(0, 2))
        assert difference[-8:].max() < 0.01 < difference[:8].min()
    assert sweep(over=over) == 0
    Image.fromarray(mask[:, ::-1]).save("mask.png")
    assert sweep(over=over) == 0
    assert painted == [2, 2]


def test_a_sweep_begins_with_the_settings_of_a_picture(folder):
    over = ["--over", "seed=1"]
    assert sweep("--tv-weight", "0.25", over=over) == 0
    (old,) = Path("sheet").iterdir()
    os.link("random.safetensors", "sheet/random.safetensors")
    for name in ("content.png", "style.png"):
        os.link(name, f"sheet/{name}")
    like = ["--like", str(old), "-o", "again.png", "--device", "cpu", "--quiet"]
    assert main(["sweep", *like, "--over", "content_weight=1"]) == 0
    found = recipe_in("again/001-content_weight=1.png").settings
    assert (found.tv_weight, found.seed, found.content_weight, found.size) == (0.25, 1, 1, 24)


def test_a_value_more_paints_only_its_own_pictures(folder, painted):
    assert sweep(over=["--over", "content_weight=0.01,1"]) == 0
    before, losses = times(), [cell["losses"] for cell in index()["cells"]]
    pixels = [read(cell["file"]) for cell in index()["cells"]]
    assert sweep(over=["--over", "content_weight=2,0.01,0.1,1"]) == 0
    assert painted == [2, 2]
    found = index()["cells"]
    assert [cell["settings"]["content_weight"] for cell in found] == [2, 0.01, 0.1, 1]
    assert [found[1]["losses"], found[3]["losses"]] == losses
    for cell, expected in zip((found[1], found[3]), pixels, strict=True):
        np.testing.assert_array_equal(read(cell["file"]), expected)
    assert len(times()) == 4
    assert set(before.values()) < set(times().values())
    # The other way round, names that are others' old ones.
    assert sweep(over=["--over", "content_weight=1,0.1,0.01,2"]) == 0
    assert painted == [2, 2]
    assert [recipe_in(cell["file"]).settings.content_weight for cell in index()["cells"]] == [
        *(1, 0.1, 0.01, 2),
    ]


def test_other_files_in_the_folder_are_left_alone(folder, painted):
    Path("sheet").mkdir()
    Path("sheet/001-notes.png").write_text("no picture")
    Image.new("RGB", (3, 3)).save("sheet/holiday.png")
    assert sweep(over=["--over", "seed=1"]) == 0
    assert painted == [1]
    assert sorted(os.listdir("sheet")) == ["001-notes.png", "001-seed=1.png", "holiday.png"]


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(folder, monkeypatch, capsys):
    original, calls = together.paint_together, []

    def interrupted(transfers, on_progress):
        calls.append(transfers)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return original(transfers, on_progress)

    monkeypatch.setattr(together, "paint_together", interrupted)
    loud = [flag for flag in QUICK if flag != "--quiet"] + ["--steps", "60"]
    pictures = ["content.png", "style.png", "-o", "sheet.png", "--model", "random.safetensors"]
    command = ["sweep", *pictures, *loud, *OVER, "--over", "tv_weight=0,1", "--at-once", "3"]
    assert main(command) == 130
    error = capsys.readouterr().err
    assert "stopped: 2 of 8 pictures are finished; the same command makes the others" in error
    assert "pictures 3-4 of 8" in error
    assert len(os.listdir("sheet")) == 2
    before = times()
    assert sum(cell["file"] is not None for cell in index()["cells"]) == 2
    assert read("sheet.png").shape[0] > 4 * 18
    assert main(command) == 0
    assert "2 of 8 pictures are there already" in capsys.readouterr().err
    assert [len(each) for each in calls] == [2, 2, 2, 2, 2]
    assert before.items() <= times().items()


def test_a_picture_that_fails_costs_no_other(folder, monkeypatch, capsys):
    original = together.paint_together

    def failing(transfers, on_progress):
        results = original(transfers, on_progress)
        return [FloatingPointError("the loss became nan"), *results[1:]]

    monkeypatch.setattr(together, "paint_together", failing)
    assert sweep(over=["--over", "content_weight=0.01,1"]) == 2
    error = capsys.readouterr().err
    assert error == (
        "error: 1 of 2 pictures failed, the first with content_weight=0.01: the loss became nan\n"
    )
    first, second = index()["cells"]
    assert (first["file"], first["error"]) == (None, "the loss became nan")
    assert os.listdir("sheet") == [Path(second["file"]).name]


def test_jpeg_sheets_have_jpeg_pictures_and_are_kept_too(folder, painted):
    assert sweep(output="sheet.jpg", over=["--over", "seed=1,2"]) == 0
    assert sweep(output="sheet.jpg", over=["--over", "seed=1,2"]) == 0
    assert painted == [2]
    for cell in index()["cells"]:
        with Image.open(cell["file"]) as picture:
            assert picture.format == "JPEG"


def folder_is_a_file():
    Path("sheet").touch()


def index_is_a_folder():
    Path("sheet.json").mkdir()


def same_name_twice():
    for name in ("a", "b"):
        Path(name).mkdir()
        Image.new("RGB", (24, 18), "red" if name == "a" else "blue").save(f"{name}/start.png")


@pytest.mark.parametrize(
    ("over", "flags", "prepare", "match"),
    [
        ("", [], None, "--over is ''"),
        ("content_weights=1", [], None, "did you mean 'content_weight'"),
        ("content_weight=1,-1", [], None, "content_weight is -1.0: give at least 0"),
        ("content_layers=relu1_1,relu9_9", [], None, "relu9_9"),
        ("size=24,100000000", [], None, "GiB of memory|pixels"),
        ("init=content,missing.png", [], None, "there is no file 'missing.png'"),
        ("style_blend=none,1+2", [], None, "for 1 style pictures"),
        ("seed=1", ["--save-every", "3"], None, "--save-every: only for a single picture"),
        ("seed=1", ["--thumbnail", "3"], None, "thumbnail is 3: give at least 16"),
        ("seed=1", ["--at-once", "-1"], None, "at_once is -1: give at least 0"),
        ("seed=1", [], folder_is_a_file, "cannot write pictures into sheet: a file has that name"),
        ("seed=1", [], index_is_a_folder, "cannot write sheet.json: it is a folder"),
        ("init=a/start.png,b/start.png", [], same_name_twice, "pictures 1 and 2 the same settings"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_written(
    folder, capsys, over, flags, prepare, match
):
    if prepare:
        prepare()
    before = sorted(folder.rglob("*"))
    assert sweep(*flags, over=["--over", over]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert re.search(match, error), error
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("count", "flags", "output", "match"),
    [
        (600, [], "sheet.jpg", "JPEG holds at most 65500"),
        (40, ["--size", "2000", "--thumbnail", "2000"], "sheet.png", "sheet would have [0-9]+x"),
    ],
)
def test_a_sheet_too_large_is_told_before_anything_is_painted(
    folder, painted, capsys, count, flags, output, match
):
    seeds = ",".join(map(str, range(count)))
    assert sweep(*flags, output=output, over=["--over", f"seed={seeds}"]) == 2
    assert re.search(match, capsys.readouterr().err)
    assert not painted
    assert not Path("sheet").exists()
