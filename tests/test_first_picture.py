"""The first picture as `init` asks for it."""

import numpy as np
import pytest

from nstjax import Settings
from nstjax.images import resize, write
from nstjax.optimize import Level
from nstjax.problem.first_picture import first_picture

RANDOM = np.random.default_rng(1)
CONTENT = RANDOM.random((30, 40, 3), np.float32)
STYLES = [RANDOM.random((28, 20, 3), np.float32), RANDOM.random((16, 50, 3), np.float32)]
LEVELS = Level(15, 20, 1), Level(30, 40, 1)
EVERY = "recolored, content, style, style_noise, gray, noise"


def make(init, content=CONTENT, styles=STYLES, **settings):
    shares = (0.75, 0.25)[: len(styles)]
    return first_picture(content, styles, shares, LEVELS, Settings(init=init, **settings))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("init", EVERY.split(", "))
def test_every_name_gives_a_picture_of_the_levels_size(init):
    found = make(init)
    assert found.shape == (15, 20, 3)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    np.testing.assert_array_equal(found, make(init))
    assert np.array_equal(found, make(init, seed=1)) == (
        init not in ("style_noise", "gray", "noise")
    )


def test_content_and_noise_are_at_the_levels_size():
    np.testing.assert_array_equal(make("content"), resize(CONTENT, 15, 20))
    noise = np.random.default_rng(8).random((15, 20, 3), np.float32)
    np.testing.assert_array_equal(make("noise", seed=8), noise)


def test_a_mixture_is_linear(folder):
    write("start.png", RANDOM.random((31, 17, 3), np.float32))
    names = ["content", "style", "style_noise", "start.png"]
    weights = (4, 1, 2.5, 0.5)
    mixed = make("+".join(f"{weight}*{name}" for weight, name in zip(weights, names, strict=True)))
    alone = [make(name) for name in names]
    np.testing.assert_allclose(mixed, np.average(alone, 0, weights), atol=1e-6)
    np.testing.assert_allclose(make("noise+content"), (make("noise") + alone[0]) / 2, atol=1e-6)
    np.testing.assert_array_equal(make("1*content+0*noise"), alone[0])


def test_a_file_is_resized_and_may_have_any_name(folder):
    pixels = np.uint8(RANDOM.integers(0, 255, (31, 17, 3)))
    for name in ("start.png", "content+noise.png", "0.5*content+noise.png"):
        write(name, pixels / 255)
        np.testing.assert_array_equal(make(name), resize(np.float32(pixels / 255), 15, 20))
    # A name is no file even where there is one.
    (folder / "noise").touch()
    assert make("noise").std() > 0


def test_the_scale_of_strokes_does_not_blur_the_style():
    np.testing.assert_array_equal(make("style"), make("style", style_scale=(0.2, 0.1)))


@pytest.mark.parametrize(
    ("init", "word"),
    [
        ("nowhere.png", "there is no file 'nowhere.png'"),
        ("0.5*content+0.5*contnt", "there is no file 'contnt'"),
        (".", "there is no file '.'"),
        ("content+", "a part is empty"),
        ("x*content", "'x' is no weight"),
        ("a\0b", "there is no file"),
        ("x" * 5000, "there is no file"),
    ],
)
def test_a_start_that_cannot_be_is_told_in_one_line(folder, refused, init, word):
    with refused(word):
        make(init)


def test_what_is_allowed_is_named(refused):
    with refused(f"use {EVERY}, the name of a picture file, or a mixture such as"):
        make("nowhere.png")


def test_a_file_that_is_no_picture_is_named(folder, refused):
    (folder / "start.png").write_bytes(b"no picture")
    with refused("start.png is not a picture"):
        make("content+start.png")


@pytest.mark.parametrize("init", ["recolored", "content", "noise+content"])
def test_without_content_its_starts_are_refused_and_the_others_named(refused, init):
    match = "there is no content picture for .*: use style, style_noise, gray, noise, the name of a"
    with refused(match):
        make(init, content=None)
    for possible in ("style", "style_noise", "noise", "style+noise"):
        make(possible, content=None)


@pytest.mark.parametrize("init", ["recolored", "style", "style_noise", "0.5*content+0.5*style"])
def test_without_styles_their_starts_are_refused_and_the_others_named(refused, init):
    with refused(
        "there is no style picture for .*: use content, gray, noise, the name of a picture"
    ):
        make(init, styles=[])
    for possible in ("content", "noise", "content+noise"):
        make(possible, styles=[])
