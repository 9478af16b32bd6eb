"""The command line, run for real."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import weights_tools
from nstjax.cli import main
from nstjax.cli.commands.stylize import run as run_stylize
from nstjax.cli.files.model import find_weights
from nstjax.cli.main import COMMANDS
from nstjax.images import read

SHARED_PICTURES = Path(__file__).parents[2] / "shared" / "images"
QUICK = [
    *("--size", "48", "--coarsest", "24", "--coarse-steps", "4", "--steps", "6"),
    *("--content-layers", "relu2_1", "--style-layers", "relu1_1", "relu2_1"),
    *("--device", "cpu"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch, weights_file):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("content.png", "style.png", "other.png"):
        Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(name)
    return tmp_path


def stylize(weights_file, *arguments):
    return main(["stylize", "content.png", "style.png", "--model", str(weights_file), *arguments])


@pytest.mark.usefixtures("quick_to_compile")
def test_it_writes_the_picture_and_says_so(folder, weights_file, capsys):
    assert stylize(weights_file, "-o", "out.png", *QUICK) == 0
    with Image.open("out.png") as picture:
        assert picture.size == (48, 36)
        assert picture.mode == "RGB"
    out, err = capsys.readouterr()
    assert out == ""
    assert "wrote out.png" in err
    assert "random.safetensors" in err
    assert sorted(os.listdir()) == ["content.png", "other.png", "out.png", "style.png"]


def test_quiet_says_nothing(folder, weights_file, capsys):
    assert stylize(weights_file, "-o", "out.jpg", "--quiet", *QUICK) == 0
    assert capsys.readouterr() == ("", "")
    with Image.open("out.jpg") as picture:
        assert picture.format == "JPEG"


@pytest.mark.usefixtures("quick_to_compile")
def test_snapshots_and_metrics_follow_the_steps(folder, weights_file):
    extras = ["--save-every", "5", "--metrics", "losses.jsonl", "--quiet"]
    assert stylize(weights_file, "-o", "out.png", *extras, *QUICK) == 0
    assert sorted(path.name for path in folder.glob("out_*")) == ["out_00005.png", "out_00010.png"]
    # The last step's snapshot is the result; the fifth is the first step at full size.
    assert Path("out_00010.png").read_bytes() == Path("out.png").read_bytes()
    with Image.open("out_00005.png") as picture:
        assert picture.size == (48, 36)
    lines = [json.loads(line) for line in Path("losses.jsonl").read_text().splitlines()]
    assert [line["total_step"] for line in lines] == list(range(1, 11))
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]
    assert {
        "level",
        "width",
        "height",
        "seconds",
        "total",
        "content",
        "style",
        "tv",
        "photo",
    } <= set(lines[0])
    assert lines[9]["total"] < lines[4]["total"]


@pytest.mark.usefixtures("quick_to_compile")
def test_a_gray_photograph_whose_colors_are_kept_stays_gray(folder, weights_file):
    with Image.open("content.png") as content:
        content.convert("L").save("content.png")
    flags = ["--color", "luminance", "--save-every", "5", "--quiet", *QUICK]
    assert stylize(weights_file, "-o", "out.png", *flags) == 0
    for name in ("out.png", "out_00005.png"):  # on the way too
        assert np.ptp(read(name), axis=-1).max() <= 1 / 255
    assert Path("out_00010.png").read_bytes() == Path("out.png").read_bytes()
    assert stylize(weights_file, "-o", "half.png", *flags, "--color-strength", "0.5") == 0
    assert np.ptp(read("half.png"), axis=-1).max() > 20 / 255


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_for_the_metrics_does_not_cost_the_picture(folder, weights_file, capsys):
    extras = ["--metrics", "/dev/full", "--quiet"]
    assert stylize(weights_file, "-o", "out.png", *extras, *QUICK) == 2
    assert capsys.readouterr().err.startswith("error: cannot write metrics to /dev/full")
    assert Path("out.png").is_file()


@pytest.mark.usefixtures("quick_to_compile")
def test_the_output_in_the_folder_of_styles_is_none_of_them(folder, weights_file, capsys):
    Path("paintings").mkdir()
    os.replace("style.png", "paintings/style.png")
    Path("paintings/notes.txt").touch()
    command = ["stylize", "content.png", "paintings", "--model", str(weights_file), *QUICK]
    pictures = []
    for name in ("paintings/out.png", "paintings/out.png", "paintings/again.png"):
        assert main([*command, "-o", name, "--save-every", "5"]) == 0
        pictures.append(Path(name).read_bytes())
    assert pictures[0] == pictures[1] == pictures[2]
    said = capsys.readouterr().err
    assert "left out of paintings: notes.txt (no picture)" in said
    assert "left out of paintings: out.png, out_00005.png, out_00010.png (made by nstjax)" in said


@pytest.mark.usefixtures("quick_to_compile")
def test_a_recipe_too_long_is_told_and_the_photographs_exif_stays(folder, weights_file, capsys):
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "x" * 65_000, 1
    with Image.open("content.png") as image:
        image.save("content.png", exif=exif)
    for name, told in (("out.jpg", 1), ("out.png", 0)):
        assert stylize(weights_file, "-o", name, *QUICK) == 0
        assert capsys.readouterr().err.count(f"{name} is without its recipe: JPEG has no") == told
        with Image.open(name) as picture:
            assert picture.getexif()[0x010E] == "x" * 65_000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_for_the_metrics_gets_each_line_once(folder, weights_file):
    os.mkfifo("pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        # It opens the pipe before we do, or nobody would read it.
        time.sleep(0.5)
        assert stylize(weights_file, "-o", "out.png", "--metrics", "pipe", "--quiet", *QUICK) == 0
        lines = [json.loads(line) for line in reader.communicate()[0].splitlines()]
    assert [line["total_step"] for line in lines] == list(range(1, 11))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_that_nobody_reads_is_refused(folder, weights_file, capsys):
    os.mkfifo("pipe")
    os.mkfifo("pipe.png")
    assert stylize(weights_file, "-o", "out.png", "--metrics", "pipe", "--quiet", *QUICK) == 2
    assert "error: cannot write metrics to pipe: " in capsys.readouterr().err
    assert not Path("out.png").exists()
    assert stylize(weights_file, "-o", "pipe.png", *QUICK) == 2
    assert capsys.readouterr().err == (
        "error: cannot write pipe.png: it is not a regular file but a pipe: give another name\n"
    )


def test_a_snapshot_that_fails_does_not_cost_the_picture(folder, weights_file, capsys):
    Path("out_00005.png").mkdir()
    extras = ["--save-every", "5", "--quiet"]
    assert stylize(weights_file, "-o", "out.png", *extras, *QUICK) == 2
    assert "out_00005.png" in capsys.readouterr().err
    assert Path("out.png").is_file()
    assert Path("out_00010.png").is_file()


def test_names_that_look_like_markup_are_printed_as_they_are(folder, weights_file, capsys):
    assert stylize(weights_file, "-o", "o[final][blue].png", *QUICK) == 0
    assert "wrote o[final][blue].png" in capsys.readouterr().err
    assert Path("o[final][blue].png").is_file()


def test_several_styles_and_a_first_picture(folder, weights_file):
    arguments = ["stylize", "content.png", "style.png", "other.png", "-o", "out.png", "--quiet"]
    rest = ["--model", str(weights_file), "--init", "other.png", *QUICK]
    assert main([*arguments, *rest]) == 0
    assert Path("out.png").is_file()


def test_the_same_command_writes_the_same_bytes(folder, weights_file):
    noise = ["--init", "noise", "--seed", "3", "--quiet", *QUICK]
    assert stylize(weights_file, "-o", "one.png", *noise) == 0
    assert stylize(weights_file, "-o", "two.png", *noise) == 0
    assert Path("one.png").read_bytes() == Path("two.png").read_bytes()


def test_a_preset_decides_the_defaults_and_flags_win(folder, monkeypatch):
    from nstjax.cli.running import job

    seen = []
    monkeypatch.setattr(job, "run_job", lambda parsed: seen.append(parsed) or 0)
    pictures = ["content.png", "style.png", "-o", "out.png"]
    assert run_stylize([*pictures, "--preset", "tutorial", "--steps", "7"]) == 0
    settings = seen[0].settings
    assert (settings.style_loss, settings.optimizer, settings.pooling) == (
        "gram_sum",
        "adam",
        "max",
    )
    assert settings.steps == 7


@pytest.mark.usefixtures("quick_to_compile")
@pytest.mark.parametrize("preset", ["gatys2016", "tutorial", "neural-style"])
def test_every_preset_runs(folder, weights_file, preset):
    small = ["--size", "32", "--steps", "2", "--quiet", "--device", "cpu"]
    assert stylize(weights_file, "-o", "out.png", "--preset", preset, *small) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_ctrl_c_saves_what_there_is(folder, weights_file):
    command = [sys.executable, "-m", "nstjax", "stylize", "content.png", "style.png"]
    endless = ["-o", "out.png", "--model", str(weights_file), *QUICK, "--steps", "1000000"]
    metrics = folder / "losses.jsonl"
    with subprocess.Popen(
        [*command, *endless, "--metrics", str(metrics)], stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 120
        while not metrics.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "stopped early" in err
    with Image.open("out.png") as picture:
        assert picture.size == (48, 36)


def test_help_needs_no_jax():
    code = (
        "import sys; from nstjax.cli import main\n"
        "try: main(['stylize', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--content-weight" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_command_the_commands_are_listed(arguments, capsys):
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


def test_auto_prefers_vgg19_and_says_when_it_falls_back(monkeypatch):
    def only(name):
        def resolve(wanted, *, progress):
            if wanted != name:
                raise weights_tools.WeightsError("no network")
            return Path(f"{wanted}.safetensors")

        return resolve

    monkeypatch.setattr(weights_tools, "resolve", only("vgg19"))
    assert find_weights("auto") == ("vgg19", "", Path("vgg19.safetensors"))
    for fallback in ("vgg16-onnx", "vgg16-hed"):
        monkeypatch.setattr(weights_tools, "resolve", only(fallback))
        name, remark, path = find_weights("auto")
        assert path == Path(f"{fallback}.safetensors")
        assert (name, remark) == (fallback, " (vgg19 cannot be fetched)")
    monkeypatch.setattr(weights_tools, "resolve", only("vgg16"))
    with pytest.raises(weights_tools.WeightsError):
        find_weights("auto")


@pytest.mark.skipif(not SHARED_PICTURES.is_dir(), reason="the shared pictures are not here")
def test_real_weights_paint_a_real_picture(tmp_path):
    """End to end: the default recipe carries over the style and keeps the content, at 128 px."""
    try:
        weights = weights_tools.resolve("vgg16-hed")
    except weights_tools.WeightsError as error:
        pytest.skip(f"the trained network is not here: {error}")
    metrics, output = tmp_path / "losses.jsonl", tmp_path / "out.png"
    pictures = [str(SHARED_PICTURES / name) for name in ("tuebingen.jpg", "starry_night.jpg")]
    files = ["-o", str(output), "--metrics", str(metrics), "--model", str(weights)]
    command = ["stylize", *pictures, *files, "--size", "128", "--coarsest", "64"]
    assert main([*command, "--coarse-steps", "30", "--steps", "30", "--quiet"]) == 0
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    # The content's own style distance is what the first step at the first level sees.
    assert lines[-1]["style"] < 0.05 * lines[0]["style"]
    assert lines[-1]["content"] < 1
    content, style, picture = (read(path) for path in (*pictures, output))
    assert picture.shape == (96, 128, 3)

    def distance(one, other):
        return np.linalg.norm(one.mean((0, 1)) - other.mean((0, 1)))

    assert distance(picture, style) < 0.8 * distance(content, style)


@pytest.mark.usefixtures("quick_to_compile")
def test_what_a_file_expects_is_said_and_overridden(folder, weights_file, capsys, monkeypatch):
    monkeypatch.setenv("NSTJAX_CACHE", str(folder / "cache"))
    assert stylize(weights_file, "-o", "out.png", *QUICK) == 0
    caffe, torchvision = "for BGR of 0 to 255, minus 103.939", "for RGB of 0 to 1, minus 0.485"
    assert f"random.safetensors, vgg16 {caffe}" in " ".join(capsys.readouterr().err.split())
    command = ["-o", "other_input.png", "--preprocessing", "torchvision", *QUICK]
    assert stylize(weights_file, *command) == 0
    assert torchvision in " ".join(capsys.readouterr().err.split())
    assert Path("out.png").read_bytes() != Path("other_input.png").read_bytes()
    assert stylize(weights_file, "-o", "no.png", "--preprocessing", "cafe", *QUICK) == 2
    assert "preprocessing 'cafe' is unknown: use one of caffe, " in capsys.readouterr().err
    assert not Path("no.png").exists()


def test_layers_beyond_a_cut_are_one_line(folder, weights_file, capsys):
    weights = weights_tools.read(weights_file)
    tensors = {name: each for name, each in weights.tensors.items() if name < "conv2_2"}
    cut = dataclasses.replace(weights, tensors=tensors, last_layer="conv2_1")
    weights_tools.write("cut.safetensors", cut)
    assert stylize("cut.safetensors", "-o", "out.png", *QUICK) == 0
    assert stylize("cut.safetensors", "-o", "no.png", "--quiet") == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "choose content and style layers of vgg16 (these weights end at conv2_1)" in error
    assert not Path("no.png").exists()


def test_a_reader_may_leave_before_the_help_ends():
    command = f"{sys.executable} -m nstjax stylize --help | true; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ran.returncode == 0
    assert ran.stderr == ""
