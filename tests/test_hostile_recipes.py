"""Recipes and settings files damaged at random: settings, or one line that can be printed."""

import json
import random

import pytest
from reference.commands import QUICK

from nstjax import PRESETS, Settings, UserError
from nstjax.cli.parsing.arguments import StylizeArguments
from nstjax.cli.parsing.defaults import default_arguments
from nstjax.cli.parsing.settings_file import to_toml
from nstjax.printable import printable
from nstjax.settings.recipe import Recipe

RECIPE = Recipe(
    settings=Settings(**QUICK, init="0.5*content+start.png"),
    preset="tutorial",
    content="photo \u5bae.jpg",
    styles=("one.png", "caf\udce9.png"),
    masks=("sky.png",),
    model="net.pth",
    preprocessing="caffe",
)
TOML = "\n".join(to_toml(RECIPE, PRESETS["tutorial"]))

# What is put in: of JSON and TOML, of terminals, of other encodings, and numbers that nobody can use.
PIECES = [
    *"\"'\\{}[],:=.#\n\r\t\0*",
    *("[[", "]]", '"""', "\x1b[2J", "\x9b", "\u202e", "\u2028", "\ufeff"),
    *("\\u0000", "\\ud800", "\\udce9", "\\n", "\\u001b", "../", "..", "/", "+" * 70, "2*"),
    *(
        "null",
        "true",
        "none",
        '"none"',
        "NaN",
        "nan",
        "-Infinity",
        "inf",
        "1e400",
        "-0.0",
        "1e-320",
    ),
    *("9" * 400, "9" * 5000, "0x" + "f" * 5000, "-1", "2147483648", "1.0", "1979-05-27"),
    *(
        "[" * 300,
        '{"a":' * 300,
        "a." * 300,
        "x" * 3000,
        "[1, 2]",
        '["relu1_1"]',
        '{"a": 1}',
        "{a = 1}",
    ),
    *("nstjax", "size", "settings", "preset", "init", "style_layers"),
]


def mutated(text, random):
    """A text with some places changed."""
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        at = random.randrange(len(text) + 1)
        length = random.choice((0, 0, 1, 1, 2, 5, 40))
        other = random.randrange(len(text) + 1)
        put = random.choice((random.choice(PIECES), text[other : other + length], ""))
        text = text[:at] + put + text[at + length :]
    return text[: random.randrange(len(text) + 1)] if random.random() < 0.05 else text


def with_wrong_value(text, random):
    """A recipe of the right form where some values are others."""
    found = json.loads(text)
    for _ in range(random.choice((1, 1, 2))):
        place = random.choice((found, found["settings"], found["settings"]))
        value = random.choice(PIECES)
        try:
            value = json.loads(value)
        except ValueError:
            value = random.choice((value, [value], [[value]], {"a": value}))
        place[random.choice(list(place))] = value
        if not isinstance(found["settings"], dict):
            break
    return json.dumps(found)


def check_refusal(error):
    line = str(error)
    assert len(line.splitlines()) == 1
    assert printable(line) == line
    assert len(line) < 1000


@pytest.mark.parametrize("make", [mutated, with_wrong_value])
def test_any_recipe_gives_settings_or_one_line(make):
    drawn = random.Random(15)
    outcomes = {True: 0, False: 0}
    for _ in range(700):
        text = make(RECIPE.to_json(), drawn)
        try:
            recipe = Recipe.from_json(text, "it")
        except UserError as error:
            check_refusal(error)
            outcomes[False] += 1
            continue
        outcomes[True] += 1
        assert Recipe.from_json(recipe.to_json(), "it").styles == recipe.styles or "/" in text
        for only_ascii in (False, True):
            for line in to_toml(recipe, PRESETS[recipe.preset], only_ascii=only_ascii):
                assert printable(line, only_ascii=only_ascii) == line
    assert min(outcomes.values()) > 20


def test_any_settings_file_gives_settings_or_one_line(tmp_path):
    drawn, file = random.Random(16), tmp_path / "x.toml"
    outcomes = {True: 0, False: 0}
    for _ in range(700):
        content = mutated(TOML, drawn).encode("utf-8", "surrogatepass")
        if drawn.random() < 0.1:
            at = drawn.randrange(len(content) + 1)
            mark = drawn.choice((b"\xff", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x80"))
            content = content[:at] + mark + content[at:] if drawn.random() < 0.5 else mark + content
        file.write_bytes(content)
        try:
            found = default_arguments(StylizeArguments, "default", ["--settings", str(file)])
            assert isinstance(found.settings, Settings)
            outcomes[True] += 1
        except UserError as error:
            check_refusal(error)
            outcomes[False] += 1
    assert min(outcomes.values()) > 20
