"""`--checkpoint`, `nstjax resume` and `--time-budget`: what is asked for, and what is refused."""

import contextlib
import json
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image
from reference.commands import FLAGS, HERE

from nstjax import UserError
from nstjax.cli import main
from nstjax.cli.files import inputs
from nstjax.cli.files.beside import checkpoints
from nstjax.images import read, read_comment
from nstjax.optimize import work
from nstjax.session import Session
from nstjax.session.checkpoint import read_checkpoint

pytestmark = pytest.mark.usefixtures("quick_to_compile")


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    monkeypatch.setattr(work, "CHUNK_PIXELS", {"cpu": 32 * 32})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("content.png", "style.png"):
        Image.fromarray(random.integers(0, 255, (32, 32, 3), np.uint8)).save(name)
    return tmp_path


@pytest.fixture
def paint(here, weights_file):
    def run(*flags, command="stylize", pictures=("content.png", "style.png")):
        model = ["--model", str(weights_file)]
        return main([command, *pictures, "-o", "out.png", *FLAGS, *HERE, *model, *flags])

    return run


@contextlib.contextmanager
def stopped(chunks):
    """While entered, runs end after so many chunks, as by a signal."""
    go_on = Session.go_on

    def short(session, on_progress, *given, **others):
        left = iter(range(chunks - 1))
        told = lambda progress: on_progress(progress) or next(left, None) is None  # noqa: E731
        return go_on(session, told, *given, **others)

    with mock.patch.object(Session, "go_on", short):
        yield


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_stopped_picture_goes_on_to_the_bit(paint, here, monkeypatch, capsys, chunks):
    assert paint() == 0
    expected = (here / "out.png").read_bytes()
    with stopped(chunks):
        assert paint("--checkpoint", "kept", "--checkpoint-every", "1h") == 0
    is_over = chunks == 2  # with the one that was under way
    assert ((here / "out.png").read_bytes() == expected) == is_over
    assert read_checkpoint("kept").is_over == is_over
    monkeypatch.chdir(here.parent)  # the checkpoint knows where its files are
    (here / "out.png").unlink()
    assert main(["resume", str(here / "kept"), "--quiet"]) == 0
    assert (here / "out.png").read_bytes() == expected


def test_flags_may_change_what_a_session_can(paint, here, capsys):
    with stopped(1):
        assert paint("--checkpoint", "kept") == 0
    assert main(["resume", "kept", "-o", "other.png", "--content-weight", "3", "--size", "48"]) == 0
    said = capsys.readouterr().err
    assert "the level starts again from the picture, for size" in said
    assert read("other.png").shape == (48, 48, 3)
    assert json.loads(read_comment(Path("other.png")))["settings"]["content_weight"] == 3
    assert read_checkpoint("kept").settings.size == 32  # for another try
    again = ["-o", "other.png", "--checkpoint", "other", "--size", "48"]
    assert main(["resume", "kept", "--quiet", *again]) == 0
    assert read_checkpoint("other").settings.size == 48


def test_a_checkpoint_is_written_on_the_way(paint, here, monkeypatch):
    seen = []
    original = Session.keep_next
    monkeypatch.setattr(Session, "keep_next", lambda self: (seen.append(self), original(self)))
    assert paint("--checkpoint", "kept", "--checkpoint-every", "0s") == 0
    assert seen
    kept = read_checkpoint("kept")
    assert kept.is_over
    assert len(kept.history.total) == 3


@pytest.mark.parametrize("command", ["texture", "reconstruct"])
def test_other_commands_go_on_too(here, weights_file, command):
    picture = "style.png" if command == "texture" else "content.png"
    layers = ["--style-layers" if command == "texture" else "--content-layers", "relu1_1"]
    flags = ["--size", "32", "--steps", "4", *layers, *HERE, "--model", str(weights_file)]
    line = [command, picture, "-o", "out.png", *flags, "--checkpoint", "kept"]
    assert main(line) == 0
    expected = (here / "out.png").read_bytes()
    (here / "out.png").unlink()
    assert main(["resume", "kept", "--quiet"]) == 0
    assert (here / "out.png").read_bytes() == expected


def told(capsys):
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said


@pytest.mark.parametrize(
    ("flags", "match"),
    [
        (["--checkpoint", "content.png"], "content.png"),
        (["--checkpoint", "nowhere/kept"], "nowhere"),
        (["--checkpoint-every", "soon"], "checkpoint_every is 'soon': give a time such as 60s"),
        (["--time-budget", "0s"], "give at least 1s"),
        (["--time-budget", "9s", "--save-every", "2"], "exclude each other"),
        (["--time-budget", "9s", "--save-film", "out.webp"], "exclude each other"),
    ],
)
def test_what_cannot_be_is_told_before_the_work(paint, capsys, flags, match):
    assert paint(*flags) == 2
    assert match in told(capsys)
    assert not os.path.exists("out.png")


def damaged(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_what_is_no_checkpoint_is_told_in_a_line(paint, here, capsys, weights_file):
    assert paint("--checkpoint", "kept") == 0
    data = (here / "kept").read_bytes()
    length = int.from_bytes(data[:8], "little")
    files = {
        "cut": data[:-9],
        "short": data[:5],
        "empty": b"",
        "longer": data + b"x",
        "head": damaged(data, 40),
        "arrays": damaged(data, len(data) - 40),
        "first array": damaged(data, 8 + length + 5),
        "picture": (here / "content.png").read_bytes(),
        "pickle": b"\x80\x04\x95",
        "weights": weights_file.read_bytes(),
    }
    for name, content in files.items():
        (here / name).write_bytes(content)
    capsys.readouterr()
    before = (here / "out.png").read_bytes()
    for name in (*files, "missing", "."):
        assert main(["resume", name]) == 2
        assert told(capsys).startswith("error: ")
    assert (here / "out.png").read_bytes() == before
    for flags in (
        ["--like", "out.png"],
        ["--preset=default"],
        ["--sizes", "3"],
        ["--hosts", "auto"],
    ):
        assert main(["resume", "kept", *flags]) == 2
        assert told(capsys).startswith("error: ")


def rewritten(path, change):
    """A checkpoint with other words in it, which are still as they were written."""
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about = json.loads(metadata["about"])
    change(about)
    path.write_bytes(safetensors.numpy.save(arrays, metadata | {"about": json.dumps(about)}))


CHANGES = {
    "a level that is not there": lambda about: about["point"].__setitem__(0, 7),
    "a level before the first": lambda about: about["point"].__setitem__(0, -1),
    "more steps": lambda about: about["point"].__setitem__(1, 4000),
    "another way": lambda about: about["point"].__setitem__(2, -1),
    "no settings": lambda about: about.pop("settings"),
    "a setting of another type": lambda about: about["settings"].__setitem__("size", "large"),
    "an unknown setting": lambda about: about["settings"].__setitem__("sizes", 3),
    "levels without size": lambda about: about["levels"].__setitem__(0, [0, 0, 3]),
    "an unknown command": lambda about: about["about"].__setitem__("command", "weights"),
    "pictures that are numbers": lambda about: about["about"]["pictures"].__setitem__(
        "styles", [3]
    ),
    "flags of another type": lambda about: about["about"]["run"].__setitem__("tile", ["x"]),
    "no flags": lambda about: about["about"].pop("run"),
    "nothing about a command": lambda about: about.__setitem__("about", {}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_checkpoint_says_is_not_believed(paint, here, capsys, change):
    assert paint("--checkpoint", "kept") == 0
    rewritten(here / "kept", change)
    before = (here / "out.png").read_bytes()
    capsys.readouterr()
    assert main(["resume", "kept", "--quiet"]) == 2
    assert told(capsys).startswith("error: ")
    assert (here / "out.png").read_bytes() == before


def test_a_picture_with_a_film_goes_on_by_the_clock(paint, here, capsys):
    assert paint("--checkpoint", "kept", "--save-every", "1", "--save-film", "out.webp") == 0
    changed = ["--content-weight", "2", "--time-budget", "20s"]
    assert main(["resume", "kept", "--quiet", *changed]) == 0


def test_the_checkpoint_that_goes_on_is_not_written_over(paint, here, capsys):
    assert paint("--checkpoint", "kept") == 0
    before = (here / "kept").read_bytes()
    capsys.readouterr()
    for flags in (["--metrics", "kept"], ["-o", "./kept"], ["--plan"]):
        assert main(["resume", "kept", "--quiet", "--checkpoint", "other", *flags]) == 2
        assert told(capsys).startswith("error: ")
    assert (here / "kept").read_bytes() == before


def test_a_larger_size_is_painted_from_pictures_that_are_read_again(paint, here, monkeypatch):
    random = np.random.default_rng(0)
    large = Image.fromarray(random.integers(0, 255, (1024, 1024, 3), np.uint8))
    large.save(here / "large.jpg")
    assert paint("--checkpoint", "kept", pictures=("large.jpg", "style.png")) == 0
    seen = []
    original = inputs.read_picture

    def read_picture(path, **others):
        seen.append((path.name, others["long_side"]))
        return original(path, **others)

    monkeypatch.setattr(inputs, "read_picture", read_picture)
    assert main(["resume", "kept", "--quiet", "--size", "64"]) == 0
    assert ("large.jpg", 32) in seen
    assert ("large.jpg", 64) in seen
    assert main(["resume", "kept", "--quiet"]) == 0  # whose pictures are those of 64 now


def test_a_checkpoint_that_cannot_be_written_costs_no_picture(paint, here, monkeypatch, capsys):
    def full(path, data):
        raise UserError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(checkpoints, "write_whole", full)
    assert paint("--checkpoint", "kept", "--checkpoint-every", "0s") == 2
    assert "cannot write kept: No space left" in told(capsys)
    assert read("out.png").shape == (32, 32, 3)


def test_other_pictures_than_it_was_made_from_are_told(paint, here, capsys):
    assert paint("--checkpoint", "kept") == 0
    (here / "style.png").write_bytes((here / "content.png").read_bytes())
    capsys.readouterr()
    assert main(["resume", "kept", "--quiet"]) == 2
    assert "the style pictures differ" in told(capsys)
    (here / "style.png").unlink()
    assert main(["resume", "kept", "--quiet"]) == 2
    assert "style.png" in told(capsys)
