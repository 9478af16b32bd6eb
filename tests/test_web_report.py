"""What the page says."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from nstjax.losses import Losses
from nstjax.result import Progress
from nstjax.web.job import Shown
from nstjax.web.report import COLORS, MOST_POINTS, bar, curves, line, state_line


def job(state, *, problem="", fraction=0.25, seconds=10.0):
    progress = Progress(2, 3, 48, 64, 5, 20, 25, 100, fraction, None, None)
    return SimpleNamespace(
        state=state, problem=problem, shown=Shown(progress=progress, seconds=seconds)
    )


def test_what_is_said_is_text_whatever_it_is():
    assert "<script>" not in line("<script>alert(1)</script>", is_problem=True)
    assert line("") == ""
    failed = job("failed", problem='<img src="x">')
    assert '<img src="x">' not in state_line(failed, 0)


def test_the_place_in_line_is_told():
    assert "3 in line" in state_line(job("waiting"), 3)
    assert "in line" not in state_line(job("waiting"), 0)


def test_a_remark_is_told_with_the_end():
    told = state_line(job("done", problem="the loss rose"), 0)
    assert "Done" in told
    assert "the loss rose" in told


@pytest.mark.parametrize(
    ("seconds", "painting", "left"),
    [(10, 1, "30 s"), (10, 4, "2 min"), (100, 1, "5 min"), (100, 40, "3.3 h"), (0.01, 1, "1 s")],
)
def test_the_time_left_is_shared(seconds, painting, left):
    told = bar(job("painting", seconds=seconds), painting)
    assert f"about {left} left" in told
    assert "Level 2 of 3 (64x48), step 5 of 20" in told


def test_who_pauses_is_told_no_time():
    assert "left" not in bar(job("paused"), 1)
    assert bar(SimpleNamespace(shown=Shown()), 1) == ""


@pytest.mark.parametrize("steps", [1, 2, MOST_POINTS, 5000])
def test_curves_have_both_ends_and_few_points(steps):
    falling = np.linspace(2, 1, steps)
    none = np.zeros(steps)
    found = curves(Losses(falling, falling / 2, falling / 4, none, none))
    lengths = {len(column) for column in found.values()}
    assert lengths == {3 * min(steps, MOST_POINTS)}
    assert (min(found["step"]), max(found["step"])) == (1, steps)
    assert set(found["loss"]) == {"total", "content", "style"} <= set(COLORS)
    assert np.isfinite(found["log10 of loss"]).all()


def test_every_color_is_one_that_a_browser_knows_by_name():
    assert all(re.fullmatch("[a-z]+", color) for color in COLORS.values())
