"""Mistakes on the command line: exit code 2, one line, no traceback, no file left behind."""

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

import weights_tools
from nstjax.cli import main

GOOD = ["content.png", "style.png", "-o", "out.png"]


@pytest.fixture
def folder(tmp_path, monkeypatch, weights_file):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("content.png", "style.png"):
        Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(name)
    Path("good.safetensors").symlink_to(weights_file)
    return tmp_path


def stylize(*arguments, model="good.safetensors"):
    return ["stylize", *arguments, "--model", model, "--device", "cpu"]


def empty():
    Path("empty.png").touch()
    return stylize("empty.png", "style.png", "-o", "out.png")


def truncated():
    Path("half.png").write_bytes(Path("content.png").read_bytes()[:3000])
    return stylize("half.png", "style.png", "-o", "out.png")


def text_named_png():
    Path("text.png").write_text("not a picture")
    return stylize("content.png", "text.png", "-o", "out.png")


def one_pixel():
    Image.new("RGB", (1, 1)).save("one.png")
    return stylize("one.png", "style.png", "-o", "out.png")


def one_pixel_style():
    Image.new("RGB", (1, 1)).save("one.png")
    return stylize("content.png", "one.png", "-o", "out.png")


def narrow():
    Image.new("RGB", (2000, 2)).save("narrow.png")
    return stylize("narrow.png", "style.png", "-o", "out.png")


def claims_to_be_huge():
    """A valid header of 60000 x 60000 pixels with nothing behind it."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    Path("huge.png").write_bytes(png + struct.pack(">I", zlib.crc32(chunk)))
    return stylize("huge.png", "style.png", "-o", "out.png")


def output_in_missing_folder():
    return stylize("content.png", "style.png", "-o", "missing/out.png")


def output_is_a_folder():
    Path("out.png").mkdir()
    return stylize(*GOOD)


def output_behind_a_file():
    return stylize("content.png", "style.png", "-o", "style.png/out.png")


def nan_in_weights():
    with_nan = {name: np.array(tensor) for name, tensor in _read().tensors.items()}
    with_nan["conv3_2/kernel"][1, 1, 0, 0] = np.nan
    _save(with_nan)
    return stylize(*GOOD, model="bad.safetensors")


def missing_tensor():
    _save({name: t for name, t in _read().tensors.items() if name != "conv4_1/bias"})
    return stylize(*GOOD, model="bad.safetensors")


def another_network():
    save_file({"layer1.weight": np.zeros((8, 8), np.float32)}, "bad.safetensors")
    return stylize(*GOOD, model="bad.safetensors")


def picture_as_weights():
    return stylize(*GOOD, model="content.png")


def empty_weights():
    Path("bad.safetensors").touch()
    return stylize(*GOOD, model="bad.safetensors")


def antialiased_map():
    flat = Image.fromarray(np.uint8([[[255, 0, 0], [0, 0, 255]]] * 2))
    flat.resize((64, 48), Image.Resampling.BILINEAR).save("map.png")
    return stylize(*GOOD, "--masks", "map.png")


def map_of_other_colors():
    for name, colors in (("map.png", [[255, 0, 0], [0, 255, 0]]), ("other.png", [[255, 0, 0]])):
        Image.fromarray(np.uint8([colors])).resize((64, 48), Image.Resampling.NEAREST).save(name)
    return stylize(*GOOD, "--masks", "map.png", "--style-masks", "other.png")


def masked(color, size=(64, 48), count=1):
    """Every mask has one color."""
    Image.new("RGB", size, color).save("mask.png")
    return stylize(*GOOD, "--masks", *["mask.png"] * count)


def _read():
    return weights_tools.read("good.safetensors")


def _save(tensors):
    good = _read()
    metadata = {
        "architecture": good.architecture,
        "channel_order": "bgr",
        "scale": "255.0",
        "mean": "[0.0, 0.0, 0.0]",
        "std": "[1.0, 1.0, 1.0]",
        "source": "random",
        "source_sha256": "0" * 64,
        "license": "none",
    }
    save_file(tensors, "bad.safetensors", metadata)


# What is wrong, what makes it, and a word that the line must contain.
MISTAKES = [
    ("no command known", lambda: ["paint"], "paint"),
    (
        "missing content",
        lambda: stylize("nowhere.png", "style.png", "-o", "out.png"),
        "nowhere.png",
    ),
    (
        "missing style",
        lambda: stylize("content.png", "nowhere.png", "-o", "out.png"),
        "nowhere.png",
    ),
    ("no style", lambda: stylize("content.png", "-o", "out.png"), "style"),
    ("no output", lambda: stylize("content.png", "style.png"), "output"),
    ("folder as content", lambda: stylize(".", "style.png", "-o", "out.png"), "folder"),
    ("empty content", empty, "empty.png"),
    ("truncated content", truncated, "half.png"),
    ("text as style", text_named_png, "text.png"),
    ("content of one pixel", one_pixel, "content picture"),
    ("style of one pixel", one_pixel_style, "style picture"),
    ("narrow content", narrow, "narrow"),
    ("huge picture", claims_to_be_huge, "huge.png"),
    ("missing output folder", output_in_missing_folder, "missing"),
    ("output is a folder", output_is_a_folder, "folder"),
    ("output behind a file", output_behind_a_file, "out.png"),
    (
        "output of unknown type",
        lambda: stylize("content.png", "style.png", "-o", "out.xyz"),
        ".png",
    ),
    ("unknown flag", lambda: stylize(*GOOD, "--colour", "3"), "--colour"),
    ("unknown preset", lambda: stylize(*GOOD, "--preset", "monet"), "monet"),
    ("preset without a name", lambda: stylize(*GOOD, "--preset"), "preset"),
    ("size is a word", lambda: stylize(*GOOD, "--size", "large"), "size"),
    ("size too small", lambda: stylize(*GOOD, "--size", "3"), "size"),
    ("size beyond memory", lambda: stylize(*GOOD, "--size", "1000000"), "GiB"),
    ("negative size", lambda: stylize(*GOOD, "--size", "-64"), "size"),
    ("unknown style layer", lambda: stylize(*GOOD, "--style-layers", "relu9_1"), "relu9_1"),
    ("unknown content layer", lambda: stylize(*GOOD, "--content-layers", "fc6"), "fc6"),
    ("layer of VGG19 in VGG16", lambda: stylize(*GOOD, "--style-layers", "relu3_4"), "relu3_4"),
    ("no layer at all", lambda: stylize(*GOOD, "--style-layers"), "style_layers"),
    ("negative weight", lambda: stylize(*GOOD, "--style-weight", "-1"), "style_weight"),
    ("weight is NaN", lambda: stylize(*GOOD, "--content-weight", "nan"), "content_weight"),
    ("infinite weight", lambda: stylize(*GOOD, "--tv-weight", "inf"), "tv_weight"),
    ("no steps", lambda: stylize(*GOOD, "--steps", "0"), "steps"),
    ("unknown pooling", lambda: stylize(*GOOD, "--pooling", "median"), "median"),
    ("unknown optimizer", lambda: stylize(*GOOD, "--optimizer", "sgd"), "sgd"),
    ("unknown color", lambda: stylize(*GOOD, "--color", "green"), "green"),
    ("color too strong", lambda: stylize(*GOOD, "--color-strength", "2"), "color_strength"),
    ("learning rate zero", lambda: stylize(*GOOD, "--learning-rate", "0"), "learning_rate"),
    ("missing first picture", lambda: stylize(*GOOD, "--init", "nowhere.png"), "nowhere.png"),
    ("missing in a mixture", lambda: stylize(*GOOD, "--init", "2*a.png+noise"), "'a.png'"),
    ("mixture without weight", lambda: stylize(*GOOD, "--init", "x*content+noise"), "'x'"),
    ("missing mask", lambda: stylize(*GOOD, "--masks", "nowhere.png"), "nowhere.png"),
    ("missing style mask", lambda: stylize(*GOOD, "--style-masks", "nowhere.png"), "nowhere.png"),
    ("picture as mask", lambda: stylize(*GOOD, "--masks", "style.png"), "style.png has 3"),
    ("weights as mask", lambda: stylize(*GOOD, "--masks", "good.safetensors"), "good.safetensors"),
    ("antialiased map", antialiased_map, "antialiasing"),
    ("map of other colors", map_of_other_colors, "#00ff00"),
    ("black mask", lambda: masked("black"), "mask.png is all black"),
    ("mask of another shape", lambda: masked("white", size=(48, 64)), "aspect ratio"),
    ("too many masks", lambda: masked("white", count=2), "2 masks for 1 style picture"),
    ("too many maps", lambda: masked("red", count=2), "one such picture"),
    ("no such device", lambda: stylize(*GOOD, "--device", "abacus"), "abacus"),
    ("no TPU here", lambda: [*stylize(*GOOD), "--device", "tpu"], "tpu"),
    ("negative snapshots", lambda: stylize(*GOOD, "--save-every", "-5"), "save_every"),
    ("metrics in missing folder", lambda: stylize(*GOOD, "--metrics", "no/m.jsonl"), "no/m.jsonl"),
    ("unknown network", lambda: stylize(*GOOD, model="vgg21"), "vgg21"),
    ("missing weights", lambda: stylize(*GOOD, model="nowhere.h5"), "nowhere.h5"),
    ("NaN in weights", nan_in_weights, "conv3_2/kernel"),
    ("tensor missing in weights", missing_tensor, "conv4_1/bias"),
    ("weights of another network", another_network, "bad.safetensors"),
    ("picture as weights", picture_as_weights, "content.png"),
    ("empty weights", empty_weights, "bad.safetensors"),
    ("demo with a stray word", lambda: ["demo", "now"], "now"),
    ("weights without a command", lambda: ["weights"], "command"),
    ("weights of unknown name", lambda: ["weights", "fetch", "vgg21"], "vgg21"),
    ("inspecting a picture", lambda: ["weights", "inspect", "content.png"], "content.png"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_mistakes_in_flags_read_the_same_on_every_terminal(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "nstjax", *stylize(*GOOD, "--size", "large")],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: Error parsing --size: invalid literal for int() with base 10: 'large' "
        "(see nstjax stylize --help)\n"
    )


@pytest.mark.parametrize(
    ("make", "word"),
    [(make, word) for _, make, word in MISTAKES],
    ids=[what for what, _, _ in MISTAKES],
)
def test_a_mistake_gives_one_line_and_leaves_nothing(make, word, folder, capsys, monkeypatch):
    monkeypatch.setenv("NSTJAX_CACHE", str(folder / "cache"))
    arguments = make()
    before = sorted(os.listdir(folder))
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("error: ")
    assert word in err
    assert sorted(set(os.listdir(folder)) - {"cache"}) == before
    assert not list((folder / "cache").rglob("*.*"))
