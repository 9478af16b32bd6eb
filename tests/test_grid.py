"""Grids: which combination stands where."""

import itertools

import pytest

from nstjax import Settings
from nstjax.cli.parsing.grid import make_grid
from nstjax.cli.parsing.over import parse_over, settings_of


def grid(*over, base=Settings()):  # noqa: B008 - frozen
    return make_grid(base, parse_over(over, settings_of(())))


def test_one_setting_goes_to_the_right():
    found = grid("content_weight=0.01,0.1,1")
    assert [(cell.place, cell.settings.content_weight) for cell in found.cells] == [
        ((0, 0), 0.01),
        ((0, 1), 0.1),
        ((0, 2), 1),
    ]
    assert found.rows == ((),)
    assert found.columns[1] == ("content_weight", "0.1")


def test_the_first_goes_down_the_second_to_the_right_and_others_within_the_first():
    found = grid("seed=1,2", "steps=3,4,5", "tv_weight=0,1", "pooling=max,l2")
    assert len({cell.settings for cell in found.cells}) == len(found.cells) == 24
    assert [cell.number for cell in found.cells] == list(range(1, 25))
    rows = list(itertools.product((1, 2), (0, 1), ("max", "l2")))
    for cell in found.cells:
        row, column = cell.place
        settings = cell.settings
        assert (settings.seed, settings.tv_weight, settings.pooling) == rows[row]
        assert settings.steps == 3 + column
        assert cell.number == 3 * row + column + 1
    assert found.rows[5] == ("seed", "2", "tv_weight", "0", "pooling", "l2")


def test_what_is_not_swept_stays():
    base = Settings(tv_weight=7, content_layers=("relu1_1",))
    assert {cell.settings.tv_weight for cell in grid("seed=1,2", base=base).cells} == {7}


def test_file_names_do_on_every_system(tmp_path):
    found = grid("init=content,0.5*noise+0.5*/home/me/Größe: a?.png", "seed=1")
    names = [cell.file_name(".png") for cell in found.cells]
    assert names[0] == "001-init=content,seed=1.png"
    assert names[1] == "002-init=0.5_noise+0.5_Gr__e__a_.png,seed=1.png"
    (long,) = grid(f"content_layers={'+'.join(['relu1_1'] * 99)}").cells
    assert len(long.file_name(".png")) < 200


@pytest.mark.parametrize(
    ("over", "match"),
    [
        (["content_weight=1,-1"], "^--over: content_weight is -1.0: give at least 0"),
        (["content_weight=x"], "^--over: content_weight is 'x': give a number"),
        (["steps=1.5"], "^--over: steps is '1.5': give a whole number"),
        (["pooling=max,mean"], "^--over: pooling is 'mean': use one of average, max"),
        (["content_layers=a+b,c", "content_layer_weights=1+2"], "give one number for each of c"),
        (["style_scale=none"], "^--over: style_scale is"),
        (["carry_moments=true"], "carry_moments is for adam"),
    ],
)
def test_values_and_combinations_that_cannot_work_are_refused(over, match, refused):
    with refused(match):
        grid(*over)
