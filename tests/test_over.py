"""`--over`: texts to values of the right types, and what cannot be one told in one line."""

import pytest

from nstjax.cli.parsing.over import parse_over, settings_of
from nstjax.settings.groups import Shape

KNOWN = settings_of((Shape,))


def values(text):
    (axis,) = parse_over([text], KNOWN)
    return axis.values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("content_weight=0.01,1,1e3", (0.01, 1.0, 1000.0)),
        ("steps=3, 40", (3, 40)),
        ("content_layers=relu2_2,relu4_1+relu4_2", (["relu2_2"], ["relu4_1", "relu4_2"])),
        ("style_layer_weights=none,1+2.5", ("none", [1.0, 2.5])),
        ("style_scale=1,0.5+2", ([1.0], [0.5, 2.0])),
        ("learning_rate=None,0.1", ("none", 0.1)),
        ("carry_moments=true,False", (True, False)),
        ("init=content,0.7*content+0.3*noise,a/b.png", None),
        ("pooling=max", ("max",)),
        ("first_steps=none,7", ("none", 7)),
        # What does not fit is left for the settings to refuse, in their words.
        ("steps=1.5,many", ("1.5", "many")),
    ],
)
def test_values_have_the_types_of_their_settings(text, expected):
    expected = tuple(text.partition("=")[2].split(",")) if expected is None else expected
    found = values(text)
    assert found == expected
    assert [type(each) for each in found] == [type(each) for each in expected]


def test_a_name_may_be_written_as_a_flag():
    assert parse_over(["--content-weight=1"], KNOWN) == parse_over(["content_weight=1"], KNOWN)


@pytest.mark.parametrize(
    ("over", "match"),
    [
        ([], "there is no --over: give one, as --over content_weight="),
        (["content_weight"], "--over is 'content_weight': give NAME=VALUE,VALUE"),
        (["content_weight="], "without an empty value"),
        (["content_weight=1,,2"], "without an empty value"),
        (["contentweight=1"], "unknown setting 'contentweight': did you mean 'content_weight'"),
        (["style=a.png"], "unknown setting 'style': did you mean 'style_"),
        (["aspect=1,2"], "unknown setting 'aspect'"),
        (["content_weight=1,0.5,1.0"], "gives content_weight the value 1.0 twice"),
        (["seed=1", "steps=2", "seed=3"], "--over names seed twice"),
    ],
)
def test_what_is_no_axis_is_refused(over, match, refused):
    with refused(match):
        parse_over(over, KNOWN)
