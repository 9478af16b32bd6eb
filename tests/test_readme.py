"""What the README says is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import weights_tools
from nstjax import PRESETS, Settings
from nstjax.cli import main
from nstjax.cli.grid import make_grid
from nstjax.cli.over import parse_over, settings_of
from nstjax.optimize import INITIAL_IMAGES

pytestmark = pytest.mark.usefixtures("quick_to_compile")

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    try:
        weights_tools.fetch("vgg16-hed")
    except weights_tools.WeightsError as error:
        pytest.skip(f"the trained network is not here: {error}")
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("photo.jpg", "painting.jpg"):
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    # The same code at a size that a test can wait for.
    exec(example.replace("size=256", "size=216"), {})
    assert Path("painted.png").is_file()
    assert capsys.readouterr().out.split()[1] == "True"


def as_typed(default):
    if type(default) is tuple:
        return " ".join(map(as_typed, default))
    return f"{default:g}" if type(default) is float else str(default)


def test_the_flags_and_their_defaults_are_as_the_table_says():
    defaults = Settings()
    rows = re.findall(r"^\| (`--.*?) \| .*? \| (.*?) \|$", README, re.MULTILINE)
    checked = 0
    for flags, told in rows:
        names = re.findall(r"`--([a-z-]+)`", flags)
        for name, value in zip(names, told.split(", "), strict=False):
            field = name.replace("-", "_")
            if hasattr(defaults, field):
                default = getattr(defaults, field)
                assert value.strip("`") == as_typed(default)
                checked += 1
    assert checked >= 8


def test_every_flag_in_the_readme_exists(capsys):
    for command in (["stylize"], ["sweep"], ["texture"], ["weights", "convert"]):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
    known = capsys.readouterr().out
    for flag in set(re.findall(r"--[a-z][a-z-]+", README)):
        assert flag in known, flag


def test_every_sweep_in_the_readme_can_be_made():
    sweeps = re.findall(r"^    nstjax sweep .*?[^\\]$", README, re.MULTILINE | re.DOTALL)
    assert len(sweeps) >= 4
    for sweep in sweeps:
        over = re.findall(r"--over (\S+)", sweep)
        assert make_grid(Settings(), parse_over(over, settings_of(()))).cells


def test_every_preset_is_named():
    for name in PRESETS:
        assert f"`{name}`" in README


def test_every_start_is_named_also_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["stylize", "--help"])
    told = capsys.readouterr().out
    for name in INITIAL_IMAGES:
        assert f"`{name}`" in README
        assert re.search(rf"\b{name},", told)


def test_every_network_is_named():
    for name in weights_tools.SOURCES:
        assert f"`{name}`" in README


def test_every_weights_command_exists(capsys):
    with pytest.raises(SystemExit):
        main(["weights", "--help"])
    known = capsys.readouterr().out
    named = re.findall(r"^    nstjax weights (\w+)", README, re.MULTILINE)
    assert len(named) >= 6
    for command in named:
        assert f"    {command}  " in known
