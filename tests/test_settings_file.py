"""Settings files: what is printed can be read back, and mistakes are told."""

import dataclasses
import os
import tomllib
from pathlib import Path

import pytest

from nstjax import PRESETS, Settings
from nstjax.cli.parsing.settings_file import left_out, read_settings_file, to_toml
from nstjax.settings.recipe import Recipe, with_values


def recipe_of(settings, preset, **about):
    about = {"content": "photo.jpg", "styles": ("one.png",), "model": "vgg19"} | about
    return Recipe(settings=settings, preset=preset, **about)


def printed(settings, preset, only_ascii=False, **about):
    recipe = recipe_of(settings, preset, **about)
    return "\n".join(to_toml(recipe, PRESETS[preset], only_ascii=only_ascii))


@pytest.mark.parametrize("base", PRESETS)
@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_printed_gives_the_same_settings(tmp_path, preset, base):
    (tmp_path / "x.toml").write_text(printed(PRESETS[preset], base), encoding="utf-8")
    values = read_settings_file(tmp_path / "x.toml")
    assert (values.pop("preset"), values.pop("model")) == (base, "vgg19")
    assert set(values) == {field.name for field in dataclasses.fields(Settings)}
    assert with_values(PRESETS[base], values, "it") == PRESETS[preset]


def test_what_differs_from_the_preset_is_marked_and_nothing_else():
    settings = dataclasses.replace(
        PRESETS["tutorial"], size=99, learning_rate=None, content_weight=5.0
    )
    marked = {line for line in printed(settings, "tutorial").splitlines() if "preset:" in line}
    assert marked == {
        "size = 99  # in the preset: 512",
        'learning_rate = "none"  # in the preset: 0.001',
    }


def test_the_pictures_are_named_in_a_comment():
    about = {"styles": ("a.png", "b.png")}
    start = ' of "photo.jpg" in the style of "a.png", "b.png"'
    for masks, style_masks, rest in (
        ((), (), ""),
        (("s.png", "g.png"), (), ' with masks "s.png", "g.png"'),
        ((), ("m.png", "h.png"), ' with style masks "m.png", "h.png"'),
        (("c.png",), ("m.png", "h.png"), ' with masks "c.png" with style masks "m.png", "h.png"'),
    ):
        text = printed(Settings(), "default", **about, masks=masks, style_masks=style_masks)
        first = text.splitlines()[0]
        assert first.startswith("# stylize by nstjax ")
        assert first.endswith(start + rest)


@pytest.mark.parametrize(
    "name",
    [
        "a b.png",
        "it's.png",
        '"quoted".png',
        "back\\slash.png",
        "\x7f.png",
        "\U0001f3f0.png",
        "a\nb",
        "tab\t\u202f\u00a0\u200d.png",
        "\x1b[2J\x9b\u202e\u2028\x85\0.png",
        "\u5bae\\u5bae\\.png",
    ],
)
@pytest.mark.parametrize("only_ascii", [False, True])
def test_every_name_is_written_as_toml_wants_it(name, only_ascii):
    settings = Settings(init=name)
    about = {"content": name, "styles": (name, name), "masks": (name,), "version": name}
    text = printed(settings, "default", only_ascii, **about, model=name)
    assert (tomllib.loads(text)["init"], tomllib.loads(text)["model"]) == (name, name)
    assert text.isascii() or not only_ascii
    assert not set(text) & set("\x1b\x9b\u202e\u2028\x85\0\t")


def test_what_toml_cannot_hold_is_left_out_and_a_comment_says_so():
    name = "caf\udce9.png"  # a byte that is no UTF-8
    about = {"content": name, "styles": (name,), "model": name}
    settings = Settings(init=f"2*{name}+noise", size=99)
    assert list(left_out(recipe_of(settings, "default", **about))) == ["model", "init"]
    text = printed(settings, "default", **about)
    assert text.encode("utf-8").decode("utf-8") == text
    values = tomllib.loads(text)
    assert values["size"] == 99
    assert not values.keys() & {"model", "init"}
    assert text.splitlines()[-2:] == [
        f'# {key} is left out, since TOML cannot hold it: "{value}"'
        for key, value in (("model", r"caf\udce9.png"), ("init", r"2*caf\udce9.png+noise"))
    ]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-16-le", "utf-32-le"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_marked_files_are_read_whatever_wrote_them(tmp_path, encoding, line_break):
    text = printed(Settings(init="\u5bae \U0001f3f0.png"), "default").replace("\n", line_break)
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    (tmp_path / "x.toml").write_bytes((mark + text).encode(encoding))
    assert read_settings_file(tmp_path / "x.toml")["init"] == "\u5bae \U0001f3f0.png"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_read():
    reader, writer = os.pipe()
    with open(writer, "wb") as file:
        file.write(b"size = 99\n")
    assert read_settings_file(Path(f"/dev/fd/{reader}")) == {"size": 99}
    os.close(reader)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"size 3", "is no TOML file"),
        (b"size = 3\nsize = 4", "is no TOML file"),
        (b"\xff\xfe", "is no TOML file"),
        (b"a = " + b"[" * 5000, "is no TOML file"),
        (b"sise = 3", "unknown setting 'sise': did you mean 'size'"),
        (b"[settings]\nsize = 3", "unknown setting 'settings'"),
        (b"preset = 3", "preset is 3: give a text in quotes"),
        (b"model = true", "model is True: give a text in quotes"),
        (b"model = 0x" + b"f" * 9000, "model is too long to show .int.: give a text"),
        (b"model" + b".a" * 3000 + b" = 1", "model is too long to show .dict."),
        (b"seed = " + b"9" * 5000, "is no TOML file"),
        (b"", "is no TOML file with a setting in it"),
        (b"# size = 3\r\n\n", "is no TOML file with a setting in it"),
        (b"\xef\xbb\xbf", "is no TOML file with a setting in it"),
        (b'init = "caf\xe9.png"', "byte 11 is no UTF-8: save it as UTF-8"),
        ('init = "caf\u00e9.png"'.encode("utf-16")[:-1], "is no UTF-16: save it as UTF-8"),
        ("size = 3".encode("utf-16-le"), "it has zeros, as UTF-16 without its mark has"),
        (b"size = 3\0", "is no TOML file"),
        (b"#" * (2**20 + 1), "more than 1048576 bytes"),
    ],
)
def test_what_is_no_settings_file_is_refused(tmp_path, refused, content, match):
    (tmp_path / "x.toml").write_bytes(content)
    with refused(f"x.toml.*{match}"):
        read_settings_file(tmp_path / "x.toml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path, refused):
    with refused("cannot read the settings .*x.toml: No such file"):
        read_settings_file(tmp_path / "x.toml")
    with refused("cannot read the settings .*: Is a directory"):
        read_settings_file(tmp_path)
    with refused(r"cannot read the settings a\\u0000b: embedded null byte"):
        read_settings_file(Path("a\0b"))


@pytest.mark.parametrize("number", [16**9000, -(16**9000), float("inf"), float("nan")], ids="abcd")
@pytest.mark.parametrize("name", ["size", "content_weight", "style_blend", "optimizer", "init"])
def test_numbers_that_nobody_can_use_are_refused_in_a_short_line(refused, name, number):
    with refused(f"^it: {name} is .{{0,200}}$"):
        with_values(Settings(), {name: number}, "it")
