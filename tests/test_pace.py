"""Steps by the clock: simulated machines, and a real run."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from reference.transfers import CONTENT, QUICK, STYLE

from nstjax import Session
from nstjax.optimize import Level, work
from nstjax.session import painting, session
from nstjax.session.pace import Pace

LEVELS = (Level(90, 120, 50), Level(160, 210, 50), Level(280, 370, 50), Level(490, 650, 45))
CHUNK_SECONDS = 0.7


class Machine:
    """One on which each level takes a while to begin, and each step as long as there are pixels."""

    def __init__(self, levels, seconds_per_megapixel, opening, budget, uneven=0.0):
        self.now, self.told, self.done = 100.0, [], []
        self._second, self._opening, self._uneven = seconds_per_megapixel, opening, uneven
        self._random = np.random.default_rng(0)
        pace = Pace(levels, self.now + budget, lambda: self.now)
        for index in range(len(levels)):
            if index < len(pace.plan()):
                self._run(pace, index)

    def _run(self, pace, index):
        level = pace.plan()[index]
        second = self._second * level.pixels / 1e6 * (1 + 0.2 * self._uneven * index)
        chunk = max(1, min(50, int(CHUNK_SECONDS / second)))
        self.now += self._opening
        step = 0
        while step < max(1, pace.plan()[index].steps):
            self.now += chunk * second * (1 + self._uneven * self._random.random())
            step += chunk
            about = {"level": index + 1, "step": step, "losses": SimpleNamespace(total=[0] * chunk)}
            self.told += pace.observe(SimpleNamespace(**about))
        self.done.append(level._replace(steps=step))


@pytest.mark.parametrize("budget", [20, 60, 300, 3000])
@pytest.mark.parametrize("opening", [0.3, 2.0])
@pytest.mark.parametrize("uneven", [0.0, 0.3])
def test_the_work_ends_by_then_and_not_much_before(budget, opening, uneven):
    machine = Machine(LEVELS, 1.0, opening, budget, uneven)
    taken = machine.now - 100
    assert 0.9 * budget <= taken <= 1.02 * budget
    assert len(machine.done) == len(LEVELS)
    assert not machine.told


def test_all_levels_get_the_same_share_of_their_steps():
    machine = Machine(LEVELS, 1.0, 0.5, 300)
    shares = [done.steps / level.steps for done, level in zip(machine.done, LEVELS, strict=True)]
    np.testing.assert_allclose(shares[1:], np.mean(shares[1:]), rtol=0.1)


def test_a_size_that_there_is_no_time_for_is_told_at_the_beginning():
    machine = Machine((*LEVELS, Level(4900, 6500, 45)), 1.0, 0.5, 30)
    assert machine.now - 100 <= 31
    assert machine.done[-1].height == 490
    (line,) = machine.told
    assert "does not suffice for 6500x4900" in line
    assert "at 650x490" in line


@pytest.fixture
def ticking(monkeypatch):
    """A clock that goes on by a second whenever somebody looks at it, and how often that was."""
    looks = []

    def clock():
        looks.append(1)
        return float(len(looks))

    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=clock))
    monkeypatch.setattr(painting, "Pace", lambda levels, end: Pace(levels, end, clock))
    return looks


def test_a_session_has_as_many_steps_as_there_is_time_for(network, monkeypatch, ticking):
    monkeypatch.setattr(work, "CHUNK_PIXELS", {"cpu": 2 * 48 * 64})
    settings = dataclasses.replace(QUICK, size=64, coarsest=32)
    result = Session(CONTENT, STYLE, settings, weights=network("vgg16")).run(time_budget=60)
    assert 54 <= len(ticking) <= 63
    assert len(result.history.total) == sum(level.steps for level in result.levels)
    assert len(result.history.total) > 3 * (QUICK.steps + QUICK.coarse_steps)
    assert not result.stopped
    assert result.image.shape == (48, 64, 3)


def test_a_chunk_that_has_all_usual_steps_is_not_the_end(network, ticking):
    settings = dataclasses.replace(QUICK, size=64, coarsest=64)  # 4 steps, in one chunk of 50
    result = Session(CONTENT, STYLE, settings, weights=network("vgg16")).run(time_budget=6)
    assert len(result.history.total) >= 3 * 50
    assert len(result.history.total) == sum(level.steps for level in result.levels)


def test_too_little_time_gives_a_picture_of_the_size_all_the_same(network, monkeypatch):
    monkeypatch.setattr(work, "CHUNK_PIXELS", {"cpu": 1})
    settings = dataclasses.replace(QUICK, size=64, coarsest=32)
    session = Session(CONTENT, STYLE, settings, weights=network("vgg16"))
    told = []
    result = session.run(lambda progress: told.extend(progress.told), time_budget=0.01)
    (line,) = told
    assert "does not suffice for 64x48" in line
    assert result.image.shape == (48, 64, 3)
    assert session.done
    assert not result.stopped
    assert [(level.height, level.steps) for level in result.levels] == [
        (24, len(result.history.total))
    ]


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"time_budget": 0}, "time_budget is 0: give more than 0"),
        ({"time_budget": "soon"}, "time_budget is 'soon'"),
        ({"time_budget": 3.0, "report_every": 2}, "exclude each other"),
    ],
)
def test_budgets_that_cannot_be_are_refused(network, refused, given, match):
    session = Session(CONTENT, STYLE, QUICK, weights=network("vgg16"))
    with refused(match):
        session.run(**given)
