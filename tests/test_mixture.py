"""Mixtures: what they mean, how files' names stand in them, and what is refused."""

import pytest

from nstjax.settings.mixture import MOST, parse_mixture, rename


def parsed(text, *files):
    return parse_mixture("init", text, files.__contains__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("content", {"content": 1}),
        ("5*content", {"content": 1}),
        ("content+noise", {"content": 0.5, "noise": 0.5}),
        ("a+b+c+d", dict.fromkeys("abcd", 0.25)),
        ("0.7*content+0.3*noise", {"content": 0.7, "noise": 0.3}),
        ("3*content+1*noise", {"content": 0.75, "noise": 0.25}),
        ("3*content+noise", {"content": 0.75, "noise": 0.25}),
        ("1e-3*content+.001*noise", {"content": 0.5, "noise": 0.5}),
        ("0*content+2*noise", {"content": 0, "noise": 1}),
        (" 0.7 * content +  0.3*my start.png ", {"content": 0.7, "my start.png": 0.3}),
        ("content+album/start.png", {"content": 0.5, "album/start.png": 0.5}),
        ("1*a+1*b+1*c", dict.fromkeys("abc", 1 / 3)),
        ("2e9*a+2e9*b", {"a": 0.5, "b": 0.5}),
    ],
)
def test_weights_become_shares(text, expected):
    found = parsed(text)
    assert [name for name, _ in found] == list(expected)
    assert [share for _, share in found] == pytest.approx(list(expected.values()), abs=1e-15)
    assert sum(share for _, share in found) == pytest.approx(1, abs=1e-15)


def test_a_name_may_come_twice():
    assert parsed("a+b+a") == (("a", 1 / 3), ("b", 1 / 3), ("a", 1 / 3))


@pytest.mark.parametrize(
    "name", ["a+b.png", "0.5*a.png", "0.5*content+0.5*noise", "+", " x ", "x*"]
)
def test_a_files_name_is_that_file_whatever_its_characters(name):
    assert parsed(name, name) == ((name, 1.0),)


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        ("0.5*c++/x.png+noise", "c++/x.png", [("c++/x.png", 1 / 3), ("noise", 2 / 3)]),
        ("noise+a+b.png", "a+b.png", [("noise", 0.5), ("a+b.png", 0.5)]),
        ("1*a*b.png+noise", "a*b.png", [("a*b.png", 0.5), ("noise", 0.5)]),
        ("2*3*a.png+noise", "2*3*a.png", [("2*3*a.png", 0.5), ("noise", 0.5)]),
        ("1e+3*a.png+1e3*noise", "a.png", [("a.png", 0.5), ("noise", 0.5)]),
    ],
)
def test_files_within_a_mixture_may_have_its_characters_too(text, file, expected):
    assert parsed(text, file) == tuple((name, pytest.approx(share)) for name, share in expected)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "a part is empty"),
        (" ", "a part is empty"),
        ("+", "a part is empty"),
        ("content+", "a part is empty: give a name in each"),
        ("content++noise", "a part is empty"),
        ("0.7*+0.3*noise", "a part is empty"),
        ("much*content+noise", "'much' is no weight: give a number before"),
        ("*content", "'' is no weight"),
        ("0,7*content+0.3*noise", "'0,7' is no weight"),
        ("0.5*0.5*content", "'0.5' is no weight"),
        ("-0.5*content+noise", "the weight of 'content' is -0.5: give at least 0"),
        ("nan*content+noise", "the weight of 'content' is nan"),
        ("inf*content+noise", "the weight of 'content' is inf"),
        ("1e999*content+noise", "the weight of 'content' is inf"),
        ("0*content", "every weight is 0"),
        ("0*content+0.0*noise", "every weight is 0: give one that is more"),
        ("content+" * MOST + "noise", f"give at most {MOST} parts"),
    ],
)
def test_what_is_no_mixture_is_told_in_one_line(refused, text, match):
    with refused(f"^init is .*{match}"):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("content", "<content>"),
        ("1*a/x.png + 2.50*b", "1*<a/x.png>+2.50*<b>"),
        ("a+b.png", "<a+b.png>"),  # a file
        ("0.1*a+b.png+c", "0.1*<a+b.png>+<c>"),
        # Nothing is refused.
        ("", "<>"),
        ("a++b", "<a>+<>+<b>"),
        ("much*a", "<much*a>"),
        ("nan*a", "nan*<a>"),
        ("a+" * MOST, f"<{'a+' * MOST}>"),
    ],
)
def test_renaming_leaves_all_else(text, expected):
    assert rename(text, "<{}>".format, ["a+b.png"].__contains__) == expected


def test_files_are_those_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = f"0.5*{tmp_path}/a+b.png+noise"
    assert len(parse_mixture("init", text)) == 3
    (tmp_path / "a+b.png").touch()
    assert [name for name, _ in parse_mixture("init", text)] == [f"{tmp_path}/a+b.png", "noise"]
    assert parse_mixture("init", "a+b.png") == (("a+b.png", 1.0),)
