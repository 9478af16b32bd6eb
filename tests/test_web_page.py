"""The page by HTTP, without a browser: small networks paint small pictures for real."""

import threading

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason="the page's libraries are not installed")

from reference.page_pictures import draw
from reference.pages import Client, page_at_work

from nstjax import Settings
from nstjax.images import read, read_comment, resize
from nstjax.settings.recipe import Recipe
from nstjax.web.guard import HEADERS

QUICK = {"setting__size": 32, "setting__coarse_steps": 0, "setting__steps": 6}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def url(folder):
    with page_at_work(folder, largest=96, painting=2, waiting=2) as address:
        yield address
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture
def pictures(tmp_path):
    return draw(tmp_path, "photo.png", "painting.png", "other.png")


def visitor(url, pictures, **values):
    page = Client(url)
    page.drop(*pictures)
    page.set(**QUICK | values)
    return page


def recipe(path):
    return Recipe.from_json(read_comment(path), "it")


def test_a_picture_is_painted_with_its_recipe(url, pictures, tmp_path):
    page = visitor(url, pictures, setting__content_weight=3, setting__color="match")
    page.in_turn("paint", "click")
    shown = page.watch()
    assert "Done" in shown["state"]
    assert len(shown["picture"]) == 2
    (made,) = page.made(shown, tmp_path)
    found = recipe(made)
    assert found.settings == Settings(
        size=32, coarse_steps=0, steps=6, content_weight=3, color="match"
    )
    assert (found.content, found.styles) == ("photo.png", ("painting.png", "other.png"))
    assert read(made).shape == (26, 32, 3)
    page.set(setting__content_weight=1, preset="gatys2016", recipe=page.upload(made))
    told = page.in_turn("recipe", "upload")
    assert told["setting-content_weight"] == 3
    assert told["setting-color"] == "match"
    assert told["preset"] == "default"
    assert "photo.png" in told["told"]


@pytest.mark.parametrize(
    ("missing", "preset", "command"),
    [("content", "texture", "texture"), ("styles", "reconstruct", "reconstruct")],
)
def test_one_of_the_two_pictures_is_enough(url, pictures, tmp_path, missing, preset, command):
    page = visitor(url, pictures[:2], preset=preset)
    chosen = page.at_once("preset", "input")
    page.set(**{name.replace("-", "__"): value for name, value in chosen.items()})
    page.set(**QUICK, **{missing: None})
    page.in_turn("paint", "click")
    shown = page.watch()
    assert "Done" in shown["state"]
    (made,) = page.made(shown, tmp_path)
    assert recipe(made).command == command
    assert recipe(made).preset == preset


def test_only_what_is_drawn_is_painted(url, pictures, tmp_path):
    drawn = np.zeros((32, 40, 4), np.uint8)
    drawn[:, :20] = 230, 159, 0, 255  # the first brush
    Image.fromarray(drawn).save(tmp_path / "layer.png")
    page = visitor(url, pictures[:1] + pictures[2:])
    layer, photo = page.upload(tmp_path / "layer.png"), page.upload(pictures[0])
    page.set(drawing={"background": photo, "layers": [layer], "composite": photo})
    page.in_turn("paint", "click")
    (made,) = page.made(page.watch(), tmp_path)
    photograph = resize(read(pictures[0]), 26, 32)
    change = np.abs(read(made) - photograph).max(axis=(0, 2))
    assert change[18:].max() < 0.01
    assert change[:14].min() > 0.03
    assert recipe(made).masks


def test_each_sees_only_his_own(url, pictures, tmp_path):
    pages = [
        visitor(url, pictures[:2], setting__seed=seed, setting__init="noise") for seed in range(3)
    ]
    for page in pages:
        page.in_turn("paint", "click")
    threads, shown = [], {}
    for page in pages:
        watch = threading.Thread(target=lambda page=page: shown.update({page.name: page.watch()}))
        watch.start()
        threads.append(watch)
    for thread in threads:
        thread.join()
    for seed, page in enumerate(pages):
        (made,) = page.made(shown[page.name], tmp_path)
        assert recipe(made).settings.seed == seed


def test_knobs_are_turned_while_it_is_painted_and_it_pauses(url, pictures, tmp_path):
    page = visitor(url, pictures[:2], setting__steps=100_000)
    page.in_turn("paint", "click")
    while "picture" not in page.at_once("timer", "tick"):
        pass
    assert "Paused" in page.at_once("pause", "click")["state"]
    page.set(setting__content_weight=7, setting__tv_weight=0.5)
    told = page.at_once("setting-content_weight", "blur")["told"]
    assert "content weight, tv weight: with the next steps" in told
    page.set(setting__content_weight=-1)
    assert "content_weight is -1" in page.at_once("setting-content_weight", "blur")["told"]
    page.set(setting__content_weight=7, setting__size=97)
    assert "at most 96" in page.at_once("setting-content_weight", "blur")["told"]
    page.at_once("pause", "click")
    page.at_once("stop", "click")
    shown = page.watch()
    assert "Stopped" in shown["state"]
    (made,) = page.made(shown, tmp_path)
    assert recipe(made).settings.content_weight == 7
    assert recipe(made).settings.tv_weight == 0.5


def test_what_cannot_be_painted_is_told(url, pictures):
    page = visitor(url, pictures[:2], setting__size=97)
    assert "at most 96" in page.in_turn("paint", "click")["told"]
    page.set(setting__size=32, setting__style_layers="relu9_9")
    page.in_turn("paint", "click")
    assert "relu9_9" in page.watch()["state"]
    page.set(setting__style_layers="relu1_1")
    page.in_turn("paint", "click")
    assert "stop it first" in page.in_turn("paint", "click").get("told", "stop it first")
    assert "Done" in page.watch()["state"]


def test_a_full_line_is_told(url, pictures):
    pages = [visitor(url, pictures[:2], setting__steps=100_000) for _ in range(4)]
    for page in pages:
        page.in_turn("paint", "click")
    last = visitor(url, pictures[:2])
    assert "4 pictures are in line" in last.in_turn("paint", "click")["told"]
    for page in pages:
        page.at_once("stop", "click")
    assert "Stopped" in pages[-1].watch()["state"]


def test_nothing_but_its_own_files_is_read(url, folder):
    (kept,) = (folder / "temporary").glob("nstjax-*")
    page = Client(url)
    for path in ("/etc/passwd", f"{kept}/../../log", __file__, "~/.bashrc", kept, "C:/x", "//x/y"):
        assert page.http.get(f"/gradio_api/file={path}").status_code in (403, 404), path


def test_it_comes_from_this_server_alone(url):
    answer = Client(url).http.get("/")
    assert HEADERS.items() <= dict(answer.headers).items()
    assert not [each for each in ("googleapis", "cdnjs", "gstatic") if each in answer.text]
