"""Equal windows that cover a side: what each owns, how far it sees beyond, and that none is too long."""

import functools
import itertools

import pytest

from nstjax.tiles import cover

# Halo and unit, the latter a multiple of the network's stride, of which the halo is one too.
STRIDES = [(2, 2), (4, 8), (16, 16), (8, 32), (96, 32)]
COUNTS = (1, 2, 3, 4, 7)


@functools.cache
def every_cover(halo, unit):
    return [
        (length, count, cover(length, count, halo=halo, unit=unit))
        for length, count in itertools.product(range(1, 601), COUNTS)
    ]


@pytest.mark.parametrize(("halo", "unit"), STRIDES)
def test_windows_lie_on_the_grid_of_the_unit_from_one_end_to_the_other(halo, unit):
    for length, _, found in every_cover(halo, unit):
        assert found.length == length
        assert found.origins[0] == 0
        assert found.origins[-1] + found.size == length
        assert all(origin % unit == 0 for origin in found.origins)
        assert (found.size - length) % unit == 0


@pytest.mark.parametrize(("halo", "unit"), STRIDES)
def test_each_position_is_owned_once_and_by_a_window_that_sees_around_it(halo, unit):
    for length, _, found in every_cover(halo, unit):
        assert found.bounds[0] == 0
        assert found.bounds[-1] == length
        assert len(found.bounds) == len(found.origins) + 1
        for origin, (first, behind) in zip(
            found.origins, itertools.pairwise(found.bounds), strict=True
        ):
            assert first < behind
            assert first == 0 or first >= origin + halo
            assert behind == length or behind <= origin + found.size - halo


@pytest.mark.parametrize(("halo", "unit"), STRIDES)
def test_what_a_window_owns_begins_at_a_position_of_every_layer(halo, unit):
    """Else a position behind the poolings would belong to two, or to none."""
    stride = min(halo & -halo, unit & -unit)
    for _, _, found in every_cover(halo, unit):
        assert all(bound % stride == 0 for bound in found.bounds[:-1])


@pytest.mark.parametrize(("halo", "unit"), STRIDES)
def test_windows_are_hardly_longer_than_needed(halo, unit):
    """That many overlap by two halos; beginnings on the grid take at most a unit more each side."""
    for length, _, found in every_cover(halo, unit):
        windows = len(found.origins)
        least = (length + 2 * halo * (windows - 1)) / windows
        assert least <= found.size <= least + 2 * unit


@pytest.mark.parametrize(("halo", "unit"), STRIDES)
def test_there_are_as_many_as_asked_for_where_each_can_own_something(halo, unit):
    for length, count, found in every_cover(halo, unit):
        windows = len(found.origins)
        assert windows <= count
        if length >= count * (2 * halo + 2 * unit):
            assert windows == count
        if windows > 1:
            assert found.size < length


def test_a_side_that_is_too_short_is_one_window():
    found = cover(150, 5, halo=96, unit=32)
    assert (found.origins, found.size, found.bounds) == ((0,), 150, (0, 150))


def test_windows_by_hand():
    found = cover(100, 2, halo=4, unit=8)
    assert (found.size, found.origins, found.bounds) == (60, (0, 40), (0, 44, 100))
