"""What the READMEs say is so."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import weights_tools
from nstjax import PRESETS, Settings
from nstjax.cli import main
from nstjax.cli.parsing.grid import make_grid
from nstjax.cli.parsing.over import parse_over, settings_of
from nstjax.losses import CONTENT_LOSSES, STYLE_LOSSES, TOTAL_VARIATIONS
from nstjax.optimize import INITIAL_IMAGES

pytestmark = pytest.mark.usefixtures("quick_to_compile")

ROOT = Path(__file__).parents[1]
FOLDERS = ("nstjax", "weights_tools", "benchmarks", "tests")  # an environment may lie beside them
FILES = [
    ROOT / "README.md",
    *sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("README.md")),
]
TEXTS = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in FILES}
MAIN = TEXTS["README.md"]
PACKAGE = TEXTS["nstjax/README.md"]
COMMANDS = TEXTS["nstjax/cli/README.md"]
PAGE = TEXTS["nstjax/web/README.md"]
LOSSES = TEXTS["nstjax/losses/README.md"]
WEIGHTS = TEXTS["weights_tools/README.md"]
OF_COMMANDS = "\n".join((MAIN, PACKAGE, COMMANDS, LOSSES, WEIGHTS))
FLAG = re.compile(r"--[a-z][a-z0-9-]+")
PICTURE_COMMANDS = ("stylize", "batch", "sweep", "texture", "reconstruct")
WEIGHTS_COMMANDS = ("convert", "normalize", "fetch")


def help_of(capsys, *command):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return capsys.readouterr().out


def test_a_newcomer_reads_at_most_200_lines():
    assert len(MAIN.splitlines()) <= 200


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "README.md"])
def test_the_readme_at_the_top_leads_to_each_other_one(name):
    assert f"]({name})" in MAIN


def anchors(text):
    """Of each heading what a link to it ends in."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name):
    links = re.findall(r"\]\(([^)\s]+)\)", TEXTS[name])
    links += re.findall(r"""\b(?:src|href)=["']([^"']+)["']""", TEXTS[name])
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / name).parent / path) if path else ROOT / name
        assert target.resolve().is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


# The same code at a size that a test can wait for.
@pytest.mark.parametrize(
    ("text", "shown", "waited_for", "made"),
    [
        (MAIN, "size=256", "size=216", ["painted.png"]),
        (
            PACKAGE,
            "size=256, steps=20",
            "size=32, steps=2",
            ["session.png", "halves.png", "painted_1_1.png"],
        ),
    ],
    ids=["README.md", "nstjax/README.md"],
)
def test_the_python_examples_run(text, shown, waited_for, made, tmp_path, monkeypatch, capsys):
    try:
        weights_tools.fetch("vgg16-hed")
    except weights_tools.WeightsError as error:
        pytest.skip(f"the trained network is not here: {error}")
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("photo.jpg", "painting.jpg", "another.jpg"):
        Image.fromarray(random.integers(0, 255, (24, 32, 3), np.uint8)).save(name)
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for example, picture in zip(examples, made, strict=True):
        assert shown in example
        exec(example.replace(shown, waited_for), {})
        assert Path(picture).is_file()
    if text is MAIN:
        assert capsys.readouterr().out.split()[1] == "True"


def test_every_python_example_is_run():
    told = [name for name, text in TEXTS.items() if "```python" in text]
    assert told == ["README.md", "nstjax/README.md"]


def as_typed(default):
    if type(default) is tuple:
        return " ".join(map(as_typed, default))
    return f"{default:g}" if type(default) is float else str(default)


def test_the_flags_and_their_defaults_are_as_the_table_says():
    defaults = Settings()
    rows = re.findall(r"^\| (`--.*?) \| .*? \| (.*?) \|$", MAIN, re.MULTILINE)
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


def test_the_calm_picture_is_closer_to_the_photograph_than_usual():
    (weight,) = re.findall(r"-o calm\.png --content-weight (\S+)", COMMANDS)
    assert float(weight) > Settings().content_weight


def test_every_flag_in_the_readmes_exists(capsys):
    main(["--help"])
    known = set(FLAG.findall(capsys.readouterr().out))
    for command in PICTURE_COMMANDS:
        known |= set(FLAG.findall(help_of(capsys, command)))
    for command in WEIGHTS_COMMANDS:
        known |= set(FLAG.findall(help_of(capsys, "weights", command)))
    assert set(FLAG.findall(OF_COMMANDS)) <= known


@pytest.mark.parametrize("command", PICTURE_COMMANDS)
def test_the_reference_has_every_flag(command, capsys):
    told = set(re.findall(r"`(--[a-z0-9-]+)`", COMMANDS))
    assert set(FLAG.findall(help_of(capsys, command))) - {"--help"} <= told


def test_the_reference_of_the_page_has_its_flags_and_no_others(capsys):
    told = set(re.findall(r"`(--[a-z-]+)", PAGE))
    assert set(FLAG.findall(help_of(capsys, "serve"))) - {"--help"} == told


@pytest.mark.parametrize("command", WEIGHTS_COMMANDS)
def test_the_reference_of_weights_has_every_flag(command, capsys):
    flags = set(FLAG.findall(help_of(capsys, "weights", command)))
    assert flags - {"--help", "--output"} <= set(FLAG.findall(WEIGHTS))


def test_every_command_is_named(capsys):
    main(["--help"])
    commands = re.findall(r"^  ([a-z]+) ", capsys.readouterr().out, re.MULTILINE)
    assert len(commands) >= 7
    for command in commands:
        assert f"`nstjax {command}`" in COMMANDS


def test_every_sweep_in_the_readmes_can_be_made():
    sweeps = re.findall(r"^    nstjax sweep .*?[^\\]$", OF_COMMANDS, re.MULTILINE | re.DOTALL)
    assert len(sweeps) >= 5
    for sweep in sweeps:
        over = re.findall(r"--over (\S+)", sweep)
        assert make_grid(Settings(), parse_over(over, settings_of(()))).cells


def test_every_preset_is_named():
    for name in PRESETS:
        assert f"`{name}`" in PACKAGE


def test_every_start_is_named_also_in_the_help(capsys):
    told = help_of(capsys, "stylize")
    for name in INITIAL_IMAGES:
        assert f"`{name}`" in COMMANDS
        assert re.search(rf"\b{name},", told)


def test_every_loss_has_its_formula():
    rows = re.findall(r"^\| (?:`(--[a-z-]+)` )?`(\w+)` \| \S.*? \| .* \|$", LOSSES, re.MULTILINE)
    told = {}
    for flag, name in rows:
        if flag:
            names = told.setdefault(flag, [])
        names.append(name)
    assert {flag: set(names) for flag, names in told.items()} == {
        "--style-loss": set(STYLE_LOSSES),
        "--content-loss": set(CONTENT_LOSSES),
        "--tv-loss": set(TOTAL_VARIATIONS),
    }


def test_every_network_is_named():
    for name in weights_tools.SOURCES:
        assert f"`{name}`" in WEIGHTS


def test_every_weights_command_exists(capsys):
    known = help_of(capsys, "weights")
    named = re.findall(r"^    nstjax weights (\w+)", OF_COMMANDS, re.MULTILINE)
    assert len(set(named)) >= 7
    for command in named:
        assert f"    {command}  " in known
