"""Texts from anywhere: what a terminal could obey is escaped, what people write stays."""

import pickle
import sys
import tomllib
import unicodedata

import pytest

from nstjax import UserError
from nstjax.cli.main import fail
from nstjax.printable import printable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain.png",
        "back\\slash 'and' \"quotes\".png",
        "Gro\u00dfe \u5bae \U0001f3f0.jpg",
        "Screenshot 1.23.45\u202fPM.png",
        "no\u00a0break.png",
        "\U0001f469\u200d\U0001f52c.png",
    ],
)
def test_what_people_write_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b[2J\x9b2J\x7f\0", r"\u001b[2J\u009b2J\u007f\u0000"),
        ("\u202egnp.exe\u2069\u200f", r"\u202egnp.exe\u2069\u200f"),
        ("line\u2028other\u2029\x85", r"line\u2028other\u2029\u0085"),
        ("caf\udce9", r"caf\udce9"),
        ("\ufeffmark\U000e0041", r"\ufeffmark\U000e0041"),
    ],
)
def test_what_is_unsafe_is_escaped_once(text, expected):
    assert printable(text) == expected
    assert printable(expected) == expected


def test_every_character_gives_one_safe_line():
    for code in (*range(0x3000), *range(0x3000, sys.maxunicode + 1, 97)):
        for only_ascii in (False, True):
            shown = printable(chr(code), only_ascii=only_ascii)
            assert len(shown.splitlines()) == 1
            assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in shown)
            assert shown.isascii() or not only_ascii
    every = "".join(map(chr, (*range(0x22), *range(0x23, 0x5C), *range(0x5D, 0x3000), 0xE0041)))
    assert tomllib.loads(f'x = "{printable(every)}"') == {"x": every}


def test_errors_are_one_safe_line_however_they_are_shown(capsys):
    error = UserError("a  b\u202f.png\n\x1b[2J\u202e does not exist")
    line = "a  b\u202f.png\\n\\u001b[2J\\u202e does not exist"
    assert str(error) == line
    assert str(pickle.loads(pickle.dumps(error))) == line
    assert fail(str(error)) == 2
    assert fail("of another library:\nin two lines \x1b[2J") == 2
    assert capsys.readouterr().err.splitlines() == [
        f"error: {line}",
        "error: of another library: in two lines \\u001b[2J",
    ]
