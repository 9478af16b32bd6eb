"""Results: what is said of their course."""

import dataclasses
import re

import numpy as np
import pytest
from PIL import Image
from reference.commands import HERE
from reference.transfers import CONTENT, QUICK, STYLE

from nstjax import Result, Settings, stylize
from nstjax.cli import main
from nstjax.losses import Losses
from nstjax.optimize import Level

pytestmark = pytest.mark.usefixtures("quick_to_compile")

LEVELS = (Level(18, 24, 3), Level(36, 48, 2))


def result(total):
    history = Losses(*[np.array(total, np.float32)] * len(Losses._fields))
    return Result(np.zeros((36, 48, 3)), history, LEVELS, Settings(), stopped=False)


@pytest.mark.parametrize(
    ("total", "told"),
    [
        ([3, 2, 1, 5, 4], ""),  # a level may begin above the end of the one before
        ([3, 9, 1, 5, 5.2], ""),  # up and down, or hardly up
        ([0, 0, 0, 0, 0], ""),
        ([3, 2, 4, 5, 4], "from 3 to 4 at level 1 of 2"),
        ([3, 2, 1, 5, 6], "from 5 to 6 at level 2 of 2"),
        ([3, 2, 4, 5, 6], "from 3 to 4 at level 1 of 2"),
        ([3, 2], ""),  # stopped
        ([3, 4], "from 3 to 4 at level 1 of 2"),
        ([3, 2, 1, 5], ""),
    ],
)
def test_a_loss_that_rose_is_told_by_level(total, told):
    remark = result(total).remark
    assert (told in remark and "smaller learning_rate" in remark) if told else not remark


SHALLOW = dataclasses.replace(
    QUICK, content_layers=("relu1_1",), style_layers=("relu1_1",), coarse_steps=0, steps=6
)


@pytest.mark.parametrize(
    "changed",
    [
        {"optimizer": "lbfgs"},
        {"optimizer": "adam", "averaging": 0.9, "carry_moments": True, "init": "noise"},
    ],
)
def test_steps_that_are_far_too_long_are_told_and_usual_ones_are_not(network, changed):
    usual = dataclasses.replace(SHALLOW, **changed)
    assert not stylize(CONTENT, STYLE, usual, weights=network("vgg16")).remark
    spoiled = dataclasses.replace(usual, learning_rate=100.0, init="content")
    remark = stylize(CONTENT, STYLE, spoiled, weights=network("vgg16")).remark
    assert re.search(r"the loss rose from .* use a smaller learning_rate$", remark)


def test_the_commands_say_so_at_the_end_and_write_the_picture(
    tmp_path, monkeypatch, weights_file, capsys
):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    flags = ["a.png", "b.png", *HERE, "--model", str(weights_file), "--init", "content"]
    flags += ["--size", "32", "--steps", "3", "--coarse-steps", "0"]
    flags += ["--content-layers", "relu1_1", "--style-layers", "relu1_1"]
    assert main(["stylize", *flags, "-o", "good.png"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["stylize", *flags, "-o", "bad.png", "--learning-rate", "1000"]) == 0
    assert re.fullmatch(r"the loss rose from .*learning_rate\n", capsys.readouterr().err)
    swept = ["sweep", *flags, "-o", "sheet.png", "--at-once", "1"]
    assert main([*swept, "--over", "learning_rate=1,1000"]) == 0
    assert re.fullmatch(r"learning_rate=1000: the loss rose .*\n", capsys.readouterr().err)
    assert (tmp_path / "bad.png").exists()
    assert (tmp_path / "sheet.png").exists()
