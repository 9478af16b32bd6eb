"""Settings: frozen, by keyword, and every wrong value refused by the name of its field."""

import dataclasses
import inspect
import re
import typing

import pytest

from nstjax import Settings
from nstjax.images import COLOR_MATCHES
from nstjax.losses import CONTENT_LOSSES, STYLE_LOSSES, TOTAL_VARIATIONS
from nstjax.optimize import OPTIMIZERS
from nstjax.settings import GROUPS
from nstjax.vgg.convolution import PADDINGS, POOLINGS

NAN, INFINITY = float("nan"), float("inf")
WHOLE = ("size", "style_size", "steps", "coarse_steps", "first_steps", "coarsest", "seed")
REAL = (
    "content_weight",
    "style_weight",
    "aspect",
    "tv_weight",
    "photo_weight",
    "learning_rate",
    "level_ratio",
)
SHARES = {
    "color_strength": 1,
    "averaging": 0.9999,
    "adam_beta2": 0.9999,
}  # and the most that each may be
WORDS = (
    "content_loss",
    "style_loss",
    "tv_loss",
    "pooling",
    "padding",
    "optimizer",
    "color",
    "precision",
    "content_target",
)
LAYERS = ("content_layers", "style_layers")
NO_WEIGHTS = ("1", 1, True, (), ("1",), (True,), (None,), (NAN,), (INFINITY,), (-1e-9,), (2**31,))

NO_NUMBER = ("1", True, (1,), NAN, INFINITY, -INFINITY, 2**31, 10**400, -(10**400))
BAD = {
    **dict.fromkeys(WHOLE, (*NO_NUMBER, 1.0)),
    **dict.fromkeys(REAL, NO_NUMBER),
    **dict.fromkeys(SHARES, (*NO_NUMBER, -1e-9, 1 + 1e-9)),
    **{name: ("", "ENERGY", None, 1, ("energy",), ["l2"]) for name in WORDS},
    **{name: ("relu1_1", (1,), ["relu1_1"], None, 5, ("relu1_1", None)) for name in LAYERS},
    "carry_moments": (None, 1, "yes"),
    "style_scale": (*NO_WEIGHTS, 1.0, (1.0, 0.0)),
    "style_blend": (*NO_WEIGHTS, [1.0], (0.0, 0.0)),
    "content_layer_weights": (*NO_WEIGHTS, [1.0, 1.0], (0.0, 0.0), (1.0,), (1.0, 2.0, 3.0)),
    "style_layer_weights": (
        *(4 * each for each in NO_WEIGHTS[3:]),
        [1.0] * 4,
        (0.0,) * 4,
        (1.0,) * 5,
    ),
    "init": (None, 1, ("noise",)),
}
# Just outside, and just inside.
LIMITS = {
    "size": (15, 16),
    "coarsest": (15, 16),
    "steps": (0, 1),
    "coarse_steps": (-1, 0),
    "first_steps": (0, 1),
    "seed": (-1, 0),
    "content_weight": (-1e-9, 0),
    "style_weight": (-1e-9, 0.0),
    "tv_weight": (-1e-9, 0),
    "photo_weight": (-1e-9, 0),
    "learning_rate": (0, 1e-9),
    "level_ratio": (1.05, 1.0501),
    "aspect": (0, 1e-9),
    "style_size": (15, 16),
}


def test_every_field_is_tested_here():
    assert set(BAD) == {field.name for field in dataclasses.fields(Settings)}
    assert set(LIMITS) == {*WHOLE, *REAL}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_wrong_value_is_refused_by_its_name(refused, name, value):
    with refused(f"^{name} is "):
        Settings(**{name: value})


OPTIONAL = ("learning_rate", "first_steps", "style_size")


@pytest.mark.parametrize("name", [each for each in (*WHOLE, *REAL) if each not in OPTIONAL])
def test_only_some_numbers_may_be_left_out(refused, name):
    for optional in OPTIONAL:
        assert getattr(Settings(**{optional: None}), optional) is None
    with refused(f"^{name} is None: give a (whole )?number"):
        Settings(**{name: None})


def test_layer_weights_are_one_for_each_layer(refused):
    assert Settings(style_layer_weights=(4, 0, 0.5, 2**31 - 1)).style_layer_weights[1] == 0
    assert Settings(style_layer_weights=None) == Settings()
    two = ("relu1_1", "relu3_1")
    assert Settings(style_layers=two, style_layer_weights=(2, 1)).style_layer_weights == (2, 1)
    with refused(
        "^style_layer_weights is .*: give one number for each of relu1_1, relu3_1, or None"
    ):
        Settings(style_layers=two, style_layer_weights=(2, 1, 1))


@pytest.mark.parametrize("name", LIMITS)
def test_the_limits_are_where_they_are_said_to_be(refused, name):
    outside, inside = LIMITS[name]
    with refused(f"^{name} is {outside}: give (at least|more than) "):
        Settings(**{name: outside})
    assert getattr(Settings(**{name: inside}), name) == inside
    with refused(rf"^{name} is {2**31}: give less than 2\^31"):
        Settings(**{name: 2**31})
    assert getattr(Settings(**{name: 2**31 - 1}), name) == 2**31 - 1


def test_moments_are_carried_by_adam_only(refused):
    assert Settings(carry_moments=True, optimizer="adam").carry_moments
    with refused("^carry_moments is for adam and optimizer is 'lbfgs'"):
        Settings(carry_moments=True)


@pytest.mark.parametrize("name", SHARES)
def test_shares_lie_between_zero_and_the_most(refused, name):
    most = SHARES[name]
    for inside in (0, 0.5, most):
        assert getattr(Settings(**{name: inside}), name) == inside
    with refused(f"^{name} is -0.1: give at least 0$"):
        Settings(**{name: -0.1})
    with refused(f"^{name} is {most + 1e-5}: give at most {most}$"):
        Settings(**{name: most + 1e-5})


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("content_loss", CONTENT_LOSSES),
        ("style_loss", STYLE_LOSSES),
        ("tv_loss", TOTAL_VARIATIONS),
        ("pooling", POOLINGS),
        ("padding", PADDINGS),
        ("optimizer", OPTIMIZERS),
        ("color", ("style", "luminance", *COLOR_MATCHES)),
        ("precision", ("float32", "bfloat16")),
    ],
)
def test_the_choices_are_those_that_there_are(refused, name, table):
    assert set(typing.get_args(typing.get_type_hints(Settings)[name])) == set(table)
    for choice in table:
        assert getattr(Settings(**{name: choice}), name) == choice
    with refused(f"^{name} is 'none': use one of .*{list(table)[-1]}"):
        Settings(**{name: "none"})


def test_settings_are_frozen_and_hashable():
    settings = Settings(size=64)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.size = 128
    assert hash(settings) == hash(Settings(size=64))
    assert settings == Settings(size=64) != Settings(size=65)


def test_settings_are_given_by_keyword():
    with pytest.raises(TypeError, match="positional"):
        Settings(512)
    with pytest.raises(TypeError, match="sise"):
        Settings(sise=512)


def test_a_replaced_value_is_checked_too(refused):
    assert dataclasses.replace(Settings(), size=64).size == 64
    with refused("^size is 0"):
        dataclasses.replace(Settings(), size=0)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
def test_every_field_says_what_it_is_on_its_line(name):
    # The command line's help is made of these comments.
    (group,) = (each for each in GROUPS if name in each.__annotations__)
    assert re.search(rf"^    {name}: .*  # \w", inspect.getsource(group), re.MULTILINE)


def test_the_groups_are_the_settings_in_their_order():
    in_groups = [field.name for group in GROUPS for field in dataclasses.fields(group)]
    assert in_groups == [field.name for field in dataclasses.fields(Settings)]
