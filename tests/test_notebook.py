"""What a notebook shows."""

import base64
import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from nstjax import Result, Settings
from nstjax.images import shrink, to_bytes
from nstjax.losses import Losses
from nstjax.notebook import Watch, chart, html, watch
from nstjax.optimize import Level
from nstjax.result import Progress

LEVELS = (Level(12, 16, 30), Level(24, 32, 20))
ROOT = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"


def losses(count, **changed):
    usual = dict.fromkeys(Losses._fields, np.linspace(1, 0.1, count, dtype=np.float32))
    usual["photo"] = np.zeros(count, np.float32)
    return Losses(**{**usual, **changed})


def picture(height=24, width=32):
    return np.random.default_rng(0).random((height, width, 3)).astype(np.float32)


def parsed(text):
    """What a strict parser says."""
    return ElementTree.fromstring(f"<body>{text}</body>")


def shown_picture(text):
    source = parsed(text).find(".//img").get("src")
    start, _, data = source.partition(",")
    assert start == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def points(text, index):
    """Where a line goes: (N, 2)."""
    path = parsed(text).findall(f".//{SVG}path")[index].get("d")
    return np.array([each.split() for each in path.replace("M", "L").split("L")[1:]], float)


def texts(text):
    return [each.text for each in parsed(text).iter(f"{SVG}text")]


def test_the_picture_is_in_it_to_the_bit():
    pixels = picture()
    np.testing.assert_array_equal(shown_picture(html(pixels, None, (), "")), to_bytes(pixels))


def test_a_large_picture_is_made_smaller():
    pixels = picture(40, 1600)
    shown = shown_picture(html(pixels, None, (), ""))
    np.testing.assert_array_equal(shown, to_bytes(shrink(pixels, (768, 768))))
    assert shown.shape == (19, 768, 3)
    assert shown_picture(html(pixels, None, (), "", long_side=320)).shape == (8, 320, 3)


def test_it_stands_alone_and_text_in_it_stays_text():
    text = html(picture(), losses(50), LEVELS, 'a "<script>" & more')
    assert parsed(text).findall("div")[-1].text == 'a "<script>" & more'
    assert "<script" not in text
    addresses = [each for each in text.split('"') if "://" in each]
    assert addresses == ["http://www.w3.org/2000/svg"]  # a name, which nobody looks up


def test_each_term_that_is_not_zero_has_a_line_and_a_name():
    text = html(picture(), losses(50), LEVELS, "")
    colors = [path.get("stroke") for path in parsed(text).iter(f"{SVG}path")]
    assert colors == [chart.COLORS[name] for name in ("total", "content", "style", "tv")]
    assert [name for name in Losses._fields if f"{name} 0.1" in texts(text)] == [
        "total",
        "content",
        "style",
        "tv",
    ]


def test_the_scale_is_logarithmic():
    text = html(picture(), losses(3, total=np.float32([1, 0.1, 0.01])), LEVELS, "")
    (x0, y0), (x1, y1), (x2, y2) = points(text, 0)
    assert x0 < x1 < x2
    assert y0 < y1 < y2  # down the page
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)


def test_levels_are_marked_where_they_begin():
    text = html(picture(), losses(50), LEVELS, "")
    marks = [
        float(line.get("x1"))
        for line in parsed(text).iter(f"{SVG}line")
        if line.get("stroke-dasharray")
    ]
    along = points(text, 0)[:, 0]
    assert marks == [along[0], along[30]]
    assert {"16x12", "32x24", "50 steps"} <= set(texts(text))
    stopped = html(picture(), losses(20), LEVELS, "")
    assert "32x24" not in texts(stopped)


@pytest.mark.parametrize(
    "values",
    [[1], [1, 1], [1e-30, 1e30], [0.5, np.nan, 0.4], [np.inf, 2, 0, 3], [4.9, 5.1], [1, 10]],
)
def test_whatever_the_losses_are_lines_stay_inside(values):
    total = np.array(values, np.float32)
    text = html(picture(), losses(len(values), total=total), LEVELS, "")
    at = points(text, 0)
    assert len(at) == (np.isfinite(total) & (total > 0)).sum()
    assert (at >= (chart.LEFT, chart.TOP)).all()
    assert (at <= (chart.WIDTH - chart.RIGHT, chart.HEIGHT - chart.BOTTOM)).all()
    ticks = [line for line in parsed(text).iter(f"{SVG}line") if line.get("stroke-opacity")]
    assert len(ticks) <= 12


def test_a_long_course_is_thinned_and_keeps_its_ends():
    text = html(picture(), losses(20_000), (), "")
    at = points(text, 0)
    assert len(at) <= chart.MOST_POINTS + 1
    assert at[0, 0] == chart.LEFT
    assert at[-1, 0] == chart.WIDTH - chart.RIGHT


def test_without_losses_there_is_no_chart():
    zeros = Losses(*[np.zeros(3)] * len(Losses._fields))
    assert "<svg" not in html(picture(), zeros, LEVELS, "")
    assert "<svg" not in html(picture(), None, (), "")


@pytest.mark.parametrize(
    ("count", "stopped", "told"),
    [(50, False, "32x24, 50 steps"), (20, True, "32x24, stopped after 20 of 50 steps")],
)
def test_a_result_shows_itself(count, stopped, told):
    result = Result(picture(), losses(count), LEVELS, Settings(), stopped)
    text = result._repr_html_()
    assert parsed(text).findall("div")[-1].text == told
    np.testing.assert_array_equal(shown_picture(text), to_bytes(picture()))
    assert "<svg" in text


def test_a_result_says_what_is_wrong_with_it():
    rose = losses(30, total=np.linspace(1, 3, 30, dtype=np.float32))
    text = Result(picture(), rose, LEVELS[:1], Settings(), stopped=False)._repr_html_()
    assert "; the loss rose from 1 to 3" in text


class Cell:
    """What a notebook would show: how often, and the last of it."""

    def __init__(self):
        self.outputs, self.updates, self.html = 0, 0, ""

    def display(self, shown, *, display_id):
        assert display_id is True
        self.outputs += 1
        self.html = shown._repr_html_()
        return SimpleNamespace(update=self.update)

    def update(self, shown):
        self.updates += 1
        self.html = shown._repr_html_()


@pytest.fixture
def cell(monkeypatch):
    """A notebook's cell."""
    made = Cell()
    monkeypatch.setattr(watch, "_display_of_notebook", lambda: made.display)
    return made


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    now = [100.0]
    monkeypatch.setattr(watch.time, "monotonic", lambda: now[0])
    return now


def report(total_step, count=10):
    """Ten steps of the work, by the levels above."""
    level = 1 if total_step <= 30 else 2
    step = total_step - (30 if level == 2 else 0)
    height, width, steps = LEVELS[level - 1]
    size, share = (height, width), total_step / 50
    return Progress(level, 2, *size, step, steps, total_step, 50, share, losses(count), picture)


def test_it_is_watched_in_one_place_at_most_twice_a_second(cell, clock):
    observe = Watch()
    updates = []
    for total_step in (10, 20, 30, 40):
        observe(report(total_step))
        updates.append(cell.updates)
        clock[0] += 0.3
    assert (cell.outputs, updates) == (1, [0, 0, 1, 1])
    observe(report(50))  # the last one at once
    assert (cell.outputs, cell.updates) == (1, 2)
    assert "50 steps" in texts(cell.html)
    assert {"16x12", "32x24"} <= set(texts(cell.html))
    assert parsed(cell.html).findall("div")[-1].text == "level 2 of 2, 32x24, step 20 of 20"


def test_the_time_left_follows_from_the_share_of_the_work(cell, clock):
    observe = Watch()
    observe(report(10))
    assert "left" not in cell.html  # nobody knows, since the program was compiled before
    clock[0] += 6
    observe(report(40))
    assert ", 2 s left" in cell.html


def test_the_next_picture_has_an_output_of_its_own(cell, clock):
    observe = Watch()
    for _ in range(2):
        for total_step in (10, 20, 30, 40, 50):
            observe(report(total_step))
    assert cell.outputs == 2
    assert "50 steps" in texts(cell.html)


def test_outside_of_a_notebook_it_is_told(refused):
    with refused("nstjax.notebook.Watch (needs IPython|is for a notebook)"):
        Watch()


def test_without_ipython_it_is_told(monkeypatch, refused):
    monkeypatch.setattr(watch.importlib.util, "find_spec", lambda _: None)
    with refused("Watch needs IPython, which is not installed: use it in Jupyter"):
        Watch()


def test_in_a_notebook_it_is_shown():
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    lines = [
        "import sys; sys.path[:0] = ['.', 'tests']",
        "from test_notebook import Watch, report",
        "observe = Watch()",
        "observe(report(10))",
        "observe(report(50, 40))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("\n".join(lines))])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute(cwd=str(ROOT))
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert "50 steps" in texts(output.data["text/html"])


def test_the_package_alone_imports_none_of_it():
    program = "import sys, nstjax; print([m for m in sys.modules if m.startswith('nstjax.n')])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr
