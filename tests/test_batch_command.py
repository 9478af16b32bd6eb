"""`nstjax batch`, run for real: the pictures, the index, the sheet, and what a second run keeps."""

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
from nstjax.cli.files import batch_plan
from nstjax.images import read, read_comment
from nstjax.settings.recipe import Recipe

pytestmark = pytest.mark.usefixtures("quick_to_compile")

QUICK = [
    *("--size", "24", "--coarse-steps", "0", "--steps", "2"),
    *("--content-layers", "relu1_2", "--style-layers", "relu1_1"),
    *("--device", "cpu", "--model", "random.safetensors"),
]
NAMES = ["one-blue.png", "one-red.png", "two-blue.png", "two-red.png"]


@pytest.fixture
def folder(tmp_path, monkeypatch, weights_file):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("photos/one.png", "photos/two.png", "styles/blue.png", "styles/red.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    Path("random.safetensors").symlink_to(weights_file)
    return tmp_path


def batch(*flags, contents=("photos",), styles=("styles",), quiet=("--quiet",)):
    command = ["batch", *contents, "--styles", *styles, "-o", "out", *QUICK, *quiet]
    return main([*command, *flags])


def index():
    return json.loads(Path("out/index.json").read_text())


def times():
    return {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*-*")}


def errors(capsys):
    return capsys.readouterr().err.splitlines()


def test_every_content_in_every_style_with_an_index_and_a_sheet(folder, painted):
    assert batch() == 0
    assert painted == [4]
    assert sorted(os.listdir("out")) == sorted(["index.json", *NAMES, "sheet.png"])
    found = index()
    assert (found["model"], found["settings"]["size"]) == ("random.safetensors", 24)
    with Image.open("out/sheet.png") as image:
        sheet = np.asarray(image)
    for cell, name in zip(found["cells"], NAMES, strict=True):
        assert (cell["file"], f"{cell['content'][:-4]}-{cell['style']}") == (name, name)
        assert (cell["row"], cell["column"]) == divmod(NAMES.index(name), 2)
        recipe = Recipe.from_json(read_comment(f"out/{name}"), name)
        assert (recipe.content, recipe.styles) == (cell["content"], (cell["style"],))
        with Image.open(f"out/{name}") as picture:
            assert list(picture.size) == cell["size"] == [24, 18]
            assert (sheet == np.asarray(picture)[0, 0]).all(axis=-1).any()
        assert cell["losses"]["total"] > 0
        assert cell["seconds"] > 0


def test_a_picture_that_is_alone_is_what_stylize_makes(folder):
    Image.fromarray(np.full((24, 32, 4), 90, np.uint8)).save("clear.png")
    assert batch(contents=["clear.png"], styles=["styles/red.png"]) == 0
    pictures = ["clear.png", "styles/red.png", "-o", "alone.png"]
    assert main(["stylize", *pictures, *QUICK, "--quiet"]) == 0
    assert Path("out/clear-red.png").read_bytes() == Path("alone.png").read_bytes()


def test_pairs_patterns_and_formats(folder, painted):
    contents = ["photos/t*.png", "photos/one.png"]
    assert batch("--pairs", "--format", "jpg", contents=contents, styles=["styles/*"]) == 0
    assert sorted(os.listdir("out")) == ["index.json", "one-red.jpg", "sheet.png", "two-blue.jpg"]
    with Image.open("out/one-red.jpg") as picture:
        assert picture.format == "JPEG"
    assert batch("--pairs", "--format", "jpg", contents=contents, styles=["styles/*"]) == 0
    assert painted == [2]


def test_what_is_there_is_kept_and_what_is_gone_or_damaged_is_made_again(folder, painted):
    assert batch() == 0
    before, entries = times(), index()
    assert batch() == 0
    assert (times(), index()) == (before, entries)
    Path("out/one-red.png").unlink()
    damaged = Path("out/two-blue.png")
    damaged.write_bytes(damaged.read_bytes()[:-40])
    assert batch() == 0
    assert painted == [4, 2]
    assert {name for name, time in times().items() if time != before[name]} == {
        *("one-red.png", "two-blue.png"),
    }
    assert index()["cells"][0] == entries["cells"][0]


def test_other_settings_or_pictures_are_made_anew_and_others_kept(folder, painted):
    assert batch() == 0
    Image.new("RGB", (32, 24), "red").save("styles/red.png")
    assert batch() == 0
    assert painted == [4, 2]
    Image.new("RGB", (32, 24), "green").save("photos/three.png")
    assert batch() == 0
    assert painted == [4, 2, 2]
    assert batch("--tv-weight", "0.3") == 0
    assert painted == [4, 2, 2, 6]


def test_what_is_made_in_the_folder_is_no_content_of_the_next_run(folder, painted, capsys):
    assert batch(contents=["photos/one.png"]) == 0
    Path("out/mine.png").write_bytes(Path("photos/two.png").read_bytes())
    capsys.readouterr()
    assert batch(contents=["out"]) == 0
    assert painted == [2, 2]
    (told,) = errors(capsys)
    assert told == "left out of out: one-blue.png, one-red.png, sheet.png (made by nstjax)"
    assert [cell["content"] for cell in index()["cells"]] == ["mine.png"] * 2
    assert batch(contents=["out/*.png"]) == 0
    assert painted == [2, 2]


def bad_files():
    Path("photos/bad.jpg").write_text("no picture")
    Path("photos/notes.txt").write_text("no picture, and no name of one")
    Image.new("RGB", (1, 1)).save("photos/tiny.png")
    whole = Path("photos/one.png").read_bytes()
    Path("photos/cut.png").write_bytes(whole[: len(whole) // 2])


def test_a_bad_file_is_told_at_the_end_and_stops_nothing(folder, painted, capsys):
    bad_files()
    contents = ["photos", "missing.jpg"]
    layers = ["--style-layers", "relu1_1", "relu2_1"]
    assert batch(*layers, contents=contents) == 2
    assert painted == [4]
    left_out, *lines, last = errors(capsys)
    assert left_out == "left out of photos: notes.txt (no picture)"
    assert (
        last == "error: 8 of 12 pictures could not be made, as told above; the others are finished"
    )
    named = [re.search(r"(photos/)?(\w+)\.(png|jpg)", line)[2] for line in lines]
    assert sorted(named) == ["bad", "cut", "missing", "tiny"]
    told = {cell["content"]: cell.get("error") for cell in index()["cells"]}
    assert told["one.png"] is told["two.png"] is None
    assert "missing.jpg does not exist" in told["missing.jpg"]
    for name in ("bad.jpg", "tiny.png", "cut.png"):
        Path(f"photos/{name}").unlink()
    assert batch(*layers) == 0
    assert painted == [4]


def test_a_loss_that_becomes_nan_costs_no_other(folder, monkeypatch, capsys):
    original = together.paint_together

    def failing(transfers, on_progress):
        _, *others = original(transfers, on_progress)
        return [FloatingPointError("the loss became nan"), *others]

    monkeypatch.setattr(together, "paint_together", failing)
    assert batch() == 2
    first, last = errors(capsys)
    assert first == "photos/one.png like styles/blue.png: the loss became nan"
    assert last.startswith("error: 1 of 4 pictures")
    assert len(times()) == 3
    assert index()["cells"][0]["error"] == "the loss became nan"


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(folder, monkeypatch, capsys):
    original, calls = together.paint_together, []

    def interrupted(transfers, on_progress):
        calls.append(len(transfers))
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return original(transfers, on_progress)

    monkeypatch.setattr(together, "paint_together", interrupted)
    flags = ["--steps", "60", "--at-once", "2"]
    assert batch(*flags, quiet=[]) == 130
    error = capsys.readouterr().err
    assert "stopped: 2 of 4 pictures are finished; the same command makes the others" in error
    before = times()
    assert len(before) == 2
    assert batch(*flags, quiet=[]) == 0
    assert "2 of 4 pictures are there already" in capsys.readouterr().err
    assert calls == [2, 2, 2]
    assert before.items() <= times().items()


def test_killed_in_the_middle_it_makes_only_what_is_missing(folder, monkeypatch, painted):
    """Also what no index knows of is kept: the index is written after each batch."""
    original = batch_plan.BatchPlan.write

    class Killed(BaseException):
        """As if the process were gone: nothing is tidied up."""

    def write(plan, cell, path, pixels):
        if cell.name == "two-blue.png":
            raise Killed
        return original(plan, cell, path, pixels)

    with monkeypatch.context() as patch:
        patch.setattr(batch_plan.BatchPlan, "write", write)
        with pytest.raises(Killed):
            batch()
    before = times()
    assert sorted(before) == NAMES[:2]
    assert not Path("out/index.json").exists()
    assert batch() == 0
    assert painted == [4, 2]
    assert before.items() <= times().items()
    assert len(times()) == 4


def test_only_pictures_of_the_batch_under_way_are_held(folder, monkeypatch):
    held = []
    original = batch_plan.BatchPlan.open

    def opened(plan, pair):
        found = original(plan, pair)
        held.append(len(plan._pictures))
        return found

    monkeypatch.setattr(batch_plan.BatchPlan, "open", opened)
    assert batch("--at-once", "1") == 0
    assert max(held) <= 4
    assert held[-1] == 2


def test_files_of_one_stem_keep_their_endings(folder):
    Image.new("RGB", (32, 24), "red").save("photos/One.bmp")
    assert batch(styles=["styles/red.png"]) == 0
    assert sorted(times()) == ["One.bmp-red.png", "one.png-red.png", "two-red.png"]


@pytest.mark.parametrize(
    ("count", "sizes"), [(30, [(6, 5)]), (3, [(1, 3), (3, 1)])], ids=["a square", "a line"]
)
def test_a_sheet_of_one_style_is_nearly_a_square_where_there_are_many(folder, count, sizes):
    for number in range(count):
        color = tuple(np.random.default_rng(number).integers(0, 255, 3))
        Image.new("RGB", (4, 3), color).save(f"photos/{number:02}.png")
    for name in ("one", "two"):
        Path(f"photos/{name}.png").unlink()
    assert batch("--steps", "1", "--size", "16", styles=["styles/red.png"]) == 0
    places = [(cell["row"], cell["column"]) for cell in index()["cells"]]
    assert len(set(places)) == count
    assert tuple(max(each) + 1 for each in zip(*places, strict=True)) in [*sizes, (5, 6)]
    assert read("out/sheet.png").shape[0] > 16


def same_name_in_two_folders():
    Path("others").mkdir()
    Path("others/one.png").write_bytes(Path("photos/one.png").read_bytes())


def content_with_the_name_of_a_picture():
    Path("out").mkdir()
    Path("out/one-red.png").write_bytes(Path("photos/one.png").read_bytes())


def folder_is_a_file():
    Path("out").touch()


def only_notes():
    Path("photos/notes").mkdir()
    Path("photos/notes/a.txt").touch()


@pytest.mark.parametrize(
    ("contents", "flags", "prepare", "match"),
    [
        ([], [], None, "CONTENT|no content picture was given"),
        (["*.gif"], [], None, r"no file matches \*\.gif"),
        (["photos/notes"], [], only_notes, "no picture is in the folder photos/notes"),
        (["photos/one.png"], ["--pairs"], None, "--pairs has 1 contents and 2 styles"),
        (["photos", "others"], [], same_name_in_two_folders, "would both be one.png-blue.png"),
        (["photos", "out"], [], content_with_the_name_of_a_picture, "cannot write|would both be"),
        (["out/one-red.png", "photos"], [], content_with_the_name_of_a_picture, "cannot write"),
        (["photos"], [], folder_is_a_file, "cannot write pictures into out: a file has that name"),
        (["photos"], ["--save-every", "3"], None, "--save-every: only for a single picture"),
        (["photos"], ["--like", "photos/one.png"], None, "no recipe|--like is for a single"),
        (["photos"], ["--thumbnail", "3"], None, "thumbnail is 3: give at least 16"),
        (["photos"], ["--at-once", "-1"], None, "at_once is -1: give at least 0"),
        (["photos"], ["--style-blend", "1", "2"], None, "for 1 style pictures"),
        (["photos"], ["--init", "missing.png"], None, "there is no file 'missing.png'"),
        (["photos"], ["--content-layers", "relu9_9"], None, "relu9_9"),
        (["photos"], ["--format", "jpg", "--bit-depth", "16"], None, "16"),
    ],
)
def test_what_concerns_all_is_told_before_anything_is_written(
    folder, painted, capsys, contents, flags, prepare, match
):
    if prepare:
        prepare()
    before = sorted(folder.rglob("*"))
    assert batch(*flags, contents=contents) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert re.search(match, error), error
    assert sorted(folder.rglob("*")) == before
    assert not painted


def test_a_thousand_pictures_have_a_sheet_and_ten_thousand_none(monkeypatch):
    from nstjax.cli.files.album_files import AlbumFiles
    from nstjax.cli.files.batch_files import BatchFiles, Pair
    from nstjax.cli.parsing.arguments import BatchArguments

    paths = {"contents": (Path("a"),), "styles": (Path("b"),), "output": Path("out")}
    arguments = BatchArguments(**paths)

    def layout(rows, columns):
        pairs = [
            Pair(Path("a"), Path("b"), str(place), divmod(place, columns))
            for place in range(rows * columns)
        ]
        album = AlbumFiles.within(Path("out"), ".png")
        files = BatchFiles(album, pairs, [("a photograph",)] * rows, [("b",)] * columns, [])
        return batch_plan._layout(files, arguments, [(384, 512)] * len(pairs))

    sheet = layout(40, 25)
    assert 2**23 < np.prod(sheet.size) <= batch_plan.MOST_PIXELS
    assert 60 < sheet.largest[0] < 320
    assert layout(4, 4).largest == (240, 320)
    assert layout(100, 100) is None
