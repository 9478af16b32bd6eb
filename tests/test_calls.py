"""The library called in every way that people try: it works, or one line says what to type."""

import concurrent.futures
import dataclasses
import enum
import io
import json
import os
import pickle
import signal
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from reference.transfers import CONTENT, OTHER_STYLE, QUICK, STYLE

from nstjax import PRESETS, Region, Settings, load_weights, reconstruct, stylize, texture
from nstjax.images import read
from nstjax.machine import device
from nstjax.problem.regions import check_regions
from nstjax.session import Session, session
from nstjax.settings.recipe import Recipe

pytestmark = pytest.mark.usefixtures("quick_to_compile")

TINY = {
    "size": 32,
    "steps": 2,
    "coarse_steps": 0,
    "init": "content",
    "content_layers": ["relu1_1"],
    "style_layers": ["relu1_1"],
}


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (None, "given as NoneType: give its path"),
        (CONTENT, "given as ndarray: give its path; arrays need no reading"),
        (io.BytesIO(), "given as BytesIO: give its path"),
        ("https://example.org/a.jpg", "https://example.org/a.jpg is an address and no file"),
    ],
)
def test_what_is_no_path_is_not_read(refused, given, match):
    with refused(match):
        read(given)


@pytest.fixture
def asked(monkeypatch):
    """What was going to be prepared: content, styles and settings."""
    seen = []

    def prepare(content, styles, settings, **others):
        seen.append((content, styles, settings, others))
        return SimpleNamespace(weights=None, initial=None, show=None, settings=settings)

    monkeypatch.setattr(session, "prepare", prepare)
    monkeypatch.setattr(Session, "run", lambda *_: None)
    return seen


FUNCTIONS = {
    "default": lambda *given, **others: stylize(CONTENT, STYLE, *given, **others),
    "texture": lambda *given, **others: texture(STYLE, *given, **others),
    "reconstruct": lambda *given, **others: reconstruct(CONTENT, *given, **others),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_settings_are_given_whole_or_by_name_or_as_what_is_other(asked, name):
    def chosen(*given):
        FUNCTIONS[name](*given, weights="x")
        return asked[-1][2]

    assert chosen() == chosen(None) == chosen({}) == PRESETS[name]
    assert chosen(QUICK) == QUICK
    assert chosen("tutorial") == PRESETS["tutorial"]
    changed = {"size": np.int64(99), "style_layers": ["relu1_1"], "learning_rate": "none"}
    expected = dataclasses.replace(PRESETS[name], size=99, style_layers=("relu1_1",))
    assert chosen(changed) == chosen(OrderedDict(changed)) == expected
    assert chosen({"preset": "keras", "size": 99}) == dataclasses.replace(PRESETS["keras"], size=99)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"size": 3}, "^settings: size is 3: give at least 16"),
        ({"size": True}, "size is True: give a whole number"),
        ({"size": np.bool_(True)}, "size is True: give a whole number"),
        ({"size": 256.0}, "size is 256.0: give a whole number"),
        ({"size": np.zeros((40, 40))}, "size is array.{60,140}: give a whole number"),
        ({"sise": 3}, "unknown setting 'sise': did you mean 'size'"),
        ({3: 3}, "unknown setting '3'"),
        ({"style_layers": "relu1_1"}, "style_layers is 'relu1_1': give layer names in a tuple"),
        ({"optimizer": "ADAM"}, "optimizer is 'ADAM': use one of lbfgs, adam"),
        ({"optimizer": np.array(["adam", "lbfgs"])}, "use one of lbfgs, adam"),
        ({"preset": "monet"}, "unknown preset 'monet'"),
        ({"preset": ["default"]}, r"unknown preset \['default'\]"),
        ("monet", "unknown preset 'monet': use one of default"),
        (3, "^settings is 3: give nstjax.Settings"),
        (Settings, "^settings is <class .*: give nstjax.Settings"),
        ([("size", 3)], r"^settings is \[.*: give nstjax.Settings"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(asked, refused, settings, match):
    for call in FUNCTIONS.values():
        with refused(match):
            call(settings, weights="x")


class Colors(enum.StrEnum):
    MATCH = "match"


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64, np.asarray, jnp.asarray])
def test_whole_numbers_of_arrays_are_taken_as_pythons(kind):
    settings = Settings(size=kind(64), seed=kind(3), style_size=kind(32))
    assert settings == Settings(size=64, seed=3, style_size=32)
    assert hash(settings) == hash(Settings(size=64, seed=3, style_size=32))
    assert type(settings.size) is type(settings.seed) is type(settings.style_size) is int


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16, np.asarray, jnp.asarray]
)
def test_numbers_of_arrays_are_taken_as_pythons(kind):
    settings = Settings(tv_weight=kind(0.25), style_scale=(kind(0.5), 2))
    assert settings == Settings(tv_weight=0.25, style_scale=(0.5, 2))
    assert [type(each) for each in (settings.tv_weight, *settings.style_scale)] == [
        *(float, float, int),
    ]


def test_settings_of_any_kind_can_be_written():
    settings = Settings(
        size=np.int64(64),
        tv_weight=np.float32(0.1),
        init=Path("start.png"),
        color=Colors.MATCH,
        pooling=np.str_("max"),
        style_layers=(np.str_("relu1_1"),),
    )
    assert (type(settings.color), type(settings.init)) == (str, str)
    recipe = Recipe(settings=settings, preset="default", content="a", styles=("b",), model="c")
    assert json.loads(recipe.to_json())["settings"]["size"] == 64
    assert Recipe.from_json(recipe.to_json(), "it") == recipe


def test_a_number_within_a_compiled_program_is_refused(refused):
    with refused("^size is .*: give a whole number"):
        jax.jit(lambda size: Settings(size=size).tv_weight)(64)


@pytest.mark.parametrize(
    ("styles", "count"),
    [
        (STYLE, 1),
        ([STYLE, OTHER_STYLE], 2),
        ((each for each in (STYLE, OTHER_STYLE)), 2),
        (np.stack([STYLE, STYLE, STYLE]), 3),
        (jnp.stack([STYLE, STYLE]), 2),
    ],
)
def test_styles_come_alone_or_several_in_any_way(asked, styles, count):
    stylize(CONTENT, styles, weights="x")
    assert len(asked[0][1]) == count
    np.testing.assert_array_equal(asked[0][1][0], STYLE)


@pytest.mark.parametrize(
    ("styles", "match"),
    [
        ([], "no style picture was given"),
        (iter(()), "no style picture was given"),
        (np.zeros((0, 8, 8, 3)), "no style picture was given"),
        ({"one": STYLE}, "styles is a dict: give a picture, or a list of them"),
        ({1, 2}, "styles is a set: give a picture, or a list of them"),
    ],
)
def test_what_is_no_style_is_refused(asked, refused, styles, match):
    for call in (
        lambda: stylize(CONTENT, styles, weights="x"),
        lambda: texture(styles, weights="x"),
    ):
        with refused(match):
            call()


def test_only_a_texture_has_no_content(refused):
    for call in (stylize, lambda content, _, **others: reconstruct(content, **others)):
        with refused("content is None: give a picture; nstjax.texture makes one without"):
            call(None, STYLE, weights="x")


@pytest.mark.parametrize(
    ("others", "match"),
    [
        ({"on_progress": 3}, "on_progress is 3: give a function"),
        ({"on_progress": "print"}, "on_progress is 'print': give a function"),
        ({"report_every": -1}, "report_every is -1: give at least 0"),
        ({"report_every": 0.5}, "report_every is 0.5: give a whole number"),
        ({"report_every": True}, "report_every is True: give a whole number"),
        ({"report_every": None}, "report_every is None: give a whole number"),
        ({"report_every": 2**40}, r"report_every is 1099511627776: give less than 2\^31"),
    ],
)
def test_reports_that_cannot_be_made_are_refused(asked, refused, others, match):
    for call in FUNCTIONS.values():
        with refused(match):
            call(**others, weights="x")
    assert not asked


MASK = np.ones((48, 64))


@pytest.mark.parametrize(
    ("regions", "match"),
    [
        (Region(None, {0: None}), "regions is Region.*: give a list of nstjax.Region"),
        ({0: None}, "regions is .*: give a list of nstjax.Region"),
        (MASK, "regions is array.*: give a list of nstjax.Region"),
        (3, "regions is 3: give a list"),
        ("left.png", "regions is 'left.png': give a list"),
        ([MASK], "region 0 is array.*: give nstjax.Region"),
        ([Region(None, {0: None}), None], "region 1 is None: give nstjax.Region"),
        ([Region(None, [0])], r"the styles of region 0 are \[0\]: give a dict such as \{0: None\}"),
        ([Region(None, 0)], "the styles of region 0 are 0: give a dict"),
        ([Region(None, {"one.png": None})], "asks for style 'one.png': give a place from 0 to 0"),
        (
            [Region("left.png", {0: None})],
            "the mask of region 0 is 'left.png' and no array: .*read_mask",
        ),
        ([Region(None, {0: "left.png"})], "mask of style 0 is 'left.png' and no array"),
    ],
)
def test_regions_that_are_none_are_refused(refused, regions, match):
    with refused(match):
        check_regions(regions, CONTENT, [STYLE])


def test_regions_may_come_from_an_iterator():
    (found,) = check_regions(iter([Region(None, {np.int64(0): None})]), CONTENT, [STYLE])
    assert found.styles == {0: None}


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ("vgg16-onnx", r"vgg16-onnx: give weights=weights_tools.fetch\('vgg16-onnx'\)"),
        ("vgg19.pth", "no weights file .*vgg19.pth: give a file made by `nstjax weights convert`"),
        (None, "weights is None: give the path"),
        (3, "weights is 3: give the path"),
        ({"conv1_1/kernel": 1}, "weights is {.*: give the path"),
        ("a\0b", "no weights file"),
        ("", "no weights file"),
    ],
)
def test_weights_that_are_none_say_what_to_type(refused, weights, match):
    with refused(match):
        stylize(CONTENT, STYLE, QUICK, weights=weights)


@pytest.mark.parametrize("name", ["x.pth", "x.h5", "x.safetensors"])
def test_weights_of_another_format_say_what_converts_them(tmp_path, refused, name):
    (tmp_path / name).write_bytes(b"PK\3\4" + bytes(2000))
    with refused(rf"another format, which weights_tools.resolve\('.*{name}'\) converts"):
        load_weights(tmp_path / name)


def test_weights_are_looked_for_in_the_home_folder(tmp_path, weights_file, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "net.safetensors").symlink_to(weights_file)
    assert load_weights("~/net.safetensors").architecture == "vgg16"


def test_what_workers_are_given_and_give_back_survives_the_way(network):
    result = stylize(CONTENT, STYLE, TINY, weights=network("vgg16"))
    region = Region(MASK, {0: None})
    again, settings, part = pickle.loads(pickle.dumps((result, QUICK, region)))
    np.testing.assert_array_equal(again.image, result.image)
    assert (again.settings, settings, part.styles) == (result.settings, QUICK, region.styles)


def test_several_threads_paint_at_once(network):
    def paint(seed):
        settings = TINY | {"seed": seed, "init": "noise"}
        return stylize(CONTENT, STYLE, settings, weights=network("vgg16")).image

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        together = list(pool.map(paint, range(3)))
    for seed, image in enumerate(together):
        np.testing.assert_array_equal(image, paint(seed))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_fork_of_a_process_with_jax_is_told_of_spawn():
    jnp.zeros(()).block_until_ready()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(20)  # where it hangs all the same
        try:
            stylize(CONTENT, STYLE, QUICK, weights="x")
        except Exception as error:
            os.write(writer, str(error).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        said = file.read().decode()
    os.waitpid(child, 0)
    assert said.startswith("this process was forked after JAX had started")
    assert 'get_context("spawn")' in said
    device.check_not_forked()  # nothing has changed here
