import numpy as np
import pytest

from nstjax.errors import UserError
from nstjax.optimize import pyramid

DEFAULTS = {
    "ratio": 2.0,
    "steps": 9,
    "coarse_steps": 7,
    "first_steps": None,
    "smallest_side": 16,
}


def sides(levels):
    return [max(level.height, level.width) for level in levels]


def test_levels_grow_by_the_ratio_up_to_the_size():
    levels = pyramid(300, 400, size=512, coarsest=64, **DEFAULTS)
    assert sides(levels) == [64, 128, 256, 512]
    assert [level.steps for level in levels] == [7, 7, 7, 9]


@pytest.mark.parametrize(("coarsest", "expected"), [(128, [30, 7, 9]), (512, [30])])
def test_the_first_level_can_have_other_steps(coarsest, expected):
    levels = pyramid(300, 400, size=512, coarsest=coarsest, **DEFAULTS | {"first_steps": 30})
    assert [level.steps for level in levels] == expected


def test_the_aspect_ratio_is_kept():
    for level in pyramid(300, 400, size=512, coarsest=64, **DEFAULTS):
        assert abs(level.height / level.width - 3 / 4) < 0.02


def test_a_coarsest_level_as_large_as_the_size_leaves_one_level():
    assert sides(pyramid(300, 400, size=512, coarsest=512, **DEFAULTS)) == [512]


def test_no_coarse_steps_leave_one_level():
    assert sides(pyramid(30, 40, size=512, coarsest=64, **DEFAULTS | {"coarse_steps": 0})) == [512]


def test_levels_that_the_network_cannot_see_are_left_out():
    levels = pyramid(100, 1000, size=512, coarsest=16, **DEFAULTS)
    assert sides(levels) == [256, 512]
    assert levels[0].height >= 16


def test_no_coarse_level_is_below_the_smallest_side():
    random = np.random.default_rng(0)
    for _ in range(2000):
        height, width = random.integers(16, 1000, 2)
        size = int(random.integers(64, 2000))
        if min(height, width) / max(height, width) * size < 1:
            continue
        levels = pyramid(height, width, size=size, coarsest=16, **DEFAULTS)
        assert all(min(level.height, level.width) >= 16 for level in levels[:-1])


def test_a_panorama_has_its_fine_levels():
    levels = pyramid(10, 1000, size=2048, coarsest=16, **DEFAULTS)
    assert sides(levels) == [2048]
    assert levels[0].height == 20


def test_a_picture_too_narrow_for_its_size_is_refused():
    with pytest.raises(UserError, match="too narrow"):
        pyramid(1, 10_000, size=512, coarsest=64, **DEFAULTS)
