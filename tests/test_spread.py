"""Spreads: in which order ways are tried, and what is no spread."""

import pytest

from nstjax import Settings
from nstjax.optimize import Level
from nstjax.problem.evaluation import make_evaluation
from nstjax.spread import TILES, Spread, make_spread

LARGE = Level(3000, 4000, 10)


@pytest.fixture
def ways_of(narrow):
    def ways(spread=None, **settings):
        chosen = Settings(style_layers=("relu1_1",), content_layers=("relu2_1",), **settings)
        evaluation, _ = make_evaluation(narrow("vgg16"), chosen)
        return (spread or Spread()).ways(LARGE, evaluation, chosen)

    return ways


def windows(way):
    return way.layout.tiles


def test_a_picture_is_whole_before_it_is_in_tiles_and_tiles_become_smaller(ways_of):
    counts = [windows(way) for way in ways_of(optimizer="adam", content_target="nearest")]
    assert counts[0] == 1
    assert counts == sorted(counts)
    assert counts[-1] == (3000 // TILES[-1] + 1) * (4000 // TILES[-1] + 1)


def test_memory_is_shortened_only_behind_the_smallest_tiles(ways_of):
    found = ways_of(optimizer="lbfgs", content_target="nearest")
    places = [place for place, way in enumerate(found) if way.memory]
    assert places[0] == len(ways_of(optimizer="adam", content_target="nearest"))
    assert "10 steps" in found[places[0]].told
    assert "5 steps" in found[-1].told


def test_content_is_computed_again_only_at_last_and_where_that_is_possible(ways_of):
    for target in ("content", "nearest"):
        keeps = [way.layout.keeps_content for way in ways_of(content_target=target)]
        assert keeps == sorted(keeps, reverse=True)
        assert (False in keeps) == (target == "content")


@pytest.mark.parametrize(("tile", "counts"), [("none", {1}), (None, {1}), (1000, {12})])
def test_what_was_asked_for_is_the_only_tiling(ways_of, tile, counts):
    assert {windows(way) for way in ways_of(make_spread(tile))} == counts


@pytest.mark.parametrize("tile", [0, 63, -1, 1.5, True, "some", "1000"])
def test_tiles_that_cannot_be_are_refused(refused, tile):
    with refused("tile is"):
        make_spread(tile)


@pytest.mark.parametrize("devices", [0, -1, 10_000, True, 1.5, "2", "some", [], None])
def test_devices_that_cannot_be_are_refused(refused, devices):
    with refused("devices is"):
        make_spread(devices=devices)


def test_a_single_device_is_none_that_shares():
    assert make_spread(devices=1).devices == make_spread().devices == ()
    assert make_spread(devices="all").devices == ()  # the tests have one


def test_a_picture_whose_state_has_no_room_is_refused_at_once(refused):
    with refused("GiB of memory"):
        Spread().check(Level(10**6, 10**6, 1), Settings())
    Spread().check(LARGE._replace(height=300, width=400), Settings())
