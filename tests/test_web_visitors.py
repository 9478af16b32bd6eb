"""Who is here, what is kept for each, and what becomes of it."""

import time

import pytest

from nstjax.web.limits import Limits
from nstjax.web.visitors import Visitors

LIMITS = Limits(visitors=3, absent=60, forgotten=600)


class FakeJob:
    """Remembers what it was told."""

    def __init__(self, state="painting"):
        self.state, self.told = state, []

    def stop(self):
        self.told.append("stop")

    def discard(self):
        self.told.append("discard")


class FakePainter:
    """Gives no turns."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        return lambda work: self.calls.append((name, work))


@pytest.fixture
def here(tmp_path):
    """Visitors, and the painter that they tell."""
    painter = FakePainter()
    visitors = Visitors(tmp_path / "visitors", painter, LIMITS)
    yield visitors, painter
    visitors.close()


def test_each_has_a_folder_that_nobody_can_guess(here):
    visitors, _ = here
    first, second = visitors.get("a"), visitors.get("b")
    assert visitors.get("a") is first is not second
    assert first.folder.is_dir()
    assert first.folder != second.folder
    assert len(first.folder.name) >= 32


def test_there_is_a_most_of_them(here, refused):
    visitors, _ = here
    for name in "abc":
        visitors.get(name)
    with refused("too many"):
        visitors.get("d")
    visitors.drop("a")
    visitors.get("d")


def test_who_leaves_is_forgotten_with_his_folder(here):
    visitors, painter = here
    visitor = visitors.get("a")
    visitor.job = FakeJob()
    visitors.drop("a")
    visitors.drop("nobody")
    assert len(visitors) == 0
    assert not visitor.folder.exists()
    assert visitor.job.told == ["discard"]
    assert painter.calls == [("last_turn", visitor.job)]


def test_a_picture_that_nobody_watches_is_stopped_and_kept_for_a_while(here):
    visitors, painter = here
    away, watching = visitors.get("a"), visitors.get("b")
    away.job, watching.job = FakeJob(), FakeJob()
    now = time.monotonic()
    away.seen = now - LIMITS.absent - 1
    visitors.drop_absent(now)
    assert (away.job.told, watching.job.told) == (["stop"], [])
    assert painter.calls == [("last_turn", away.job)]
    assert away.folder.is_dir()
    away.seen = now - LIMITS.forgotten - 1
    visitors.drop_absent(now)
    assert len(visitors) == 1
    assert not away.folder.exists()


def test_pause_and_go_on_reach_the_painter(here):
    visitors, painter = here
    visitor = visitors.get("a")
    visitors.pause(visitor)
    visitors.go_on(visitor)
    visitors.stop(visitor)
    assert not painter.calls
    visitor.job = FakeJob("waiting")
    visitors.pause(visitor)
    assert visitor.job.state == "paused"
    assert visitor.is_painting
    visitors.go_on(visitor)
    assert visitor.job.state == "waiting"
    assert [name for name, _ in painter.calls] == ["pause", "go_on"]
    visitor.job.state = "done"
    visitors.pause(visitor)
    assert visitor.job.state == "done"


def test_two_pictures_of_one_visitor_are_not_painted_at_once(here, refused):
    visitors, _ = here
    visitor = visitors.get("a")
    visitor.job = FakeJob("paused")
    with refused("stop it first"):
        visitors.begin(visitor, None)
