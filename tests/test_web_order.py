"""What a visitor may have painted, and what is made of a drawing."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from reference.page_pictures import draw

from nstjax import Settings
from nstjax.images import read_comment, write
from nstjax.settings.recipe import Recipe
from nstjax.web.drawing import BRUSHES, regions_of
from nstjax.web.limits import Limits
from nstjax.web.order import Engine, Order


@pytest.fixture
def order(tmp_path):
    content, style = draw(tmp_path, "photo.png", "painting.png")
    return Order(
        content=content,
        styles=(style,),
        drawing=None,
        preset="default",
        settings=Settings(size=64),
        engine=Engine(None, "vgg16-hed", "", None),
        limits=Limits(largest=128),
        number=3,
    )


def changed(order, **values):
    return dataclasses.replace(order, **values)


def with_settings(order, **values):
    return changed(order, settings=dataclasses.replace(order.settings, **values))


def layer(color, where, alpha=255):
    pixels = np.zeros((20, 30, 4), np.uint8)
    code = int(BRUSHES[color][1:], 16)
    pixels[where] = code >> 16, code >> 8 & 255, code & 255, alpha
    return pixels


def drawing(*layers):
    return {"background": None, "layers": list(layers), "composite": None}


def test_what_may_be_painted_is(order):
    order.check()
    for init in ("content", "noise", "0.7*content+0.3*noise", "style_noise"):
        with_settings(order, init=init).check()
    with_settings(order, size=128, style_scale=(2.0,)).check()


@pytest.mark.parametrize(
    "values",
    [{"size": 129}, {"style_scale": (1.0, 4.5)}, {"style_size": 300}],
)
def test_what_is_larger_than_the_page_paints_is_refused(order, refused, values):
    with refused("this page"):
        with_settings(order, **values).check()


@pytest.mark.parametrize(
    "where", ["{file}", "0.5*content+0.5*{file}", "/etc/passwd", "../photo.png"]
)
def test_no_file_is_opened_by_a_visitors_name(order, refused, where):
    with refused("opens no files"):
        with_settings(order, init=where.format(file=order.content)).check()


def test_pictures_are_needed_and_not_too_many(order, refused):
    with refused("no picture"):
        changed(order, content=None, styles=()).check()
    with refused("at most 8"):
        changed(order, styles=order.styles * 9).check()


def test_a_huge_picture_is_refused_before_it_is_read(order, refused, tmp_path):
    Image.new("1", (10_001, 10_000)).save(tmp_path / "huge.png")
    with refused("^huge.png has 10001x10000 pixels"):
        changed(order, content=tmp_path / "huge.png").read()


def test_an_error_names_the_file_without_its_folder(order, refused, tmp_path):
    (tmp_path / "cut.png").write_bytes(order.content.read_bytes()[:60])
    with refused("^[^/]*cut.png[^/]*$"):
        changed(order, styles=(tmp_path / "cut.png",)).read()


def test_the_result_carries_its_recipe(order, tmp_path):
    recipe = order.recipe(Settings(size=80, content_weight=2))
    write(tmp_path / order.name, np.zeros((8, 8, 3)), comment=recipe.to_json())
    back = Recipe.from_json(read_comment(tmp_path / order.name), "it")
    assert back == recipe
    assert (back.content, back.styles, back.masks) == ("photo.png", ("painting.png",), ())
    assert changed(order, drawing=drawing(layer("orange", np.s_[:5]))).recipe(order.settings).masks


def test_long_names_stay_names(order):
    long = changed(order, content=order.content.with_name("a" * 240 + ".jpg"))
    assert len(long.name) < 120
    assert changed(order, content=None).name == "painting-3.png"


def test_nothing_drawn_is_the_whole_picture():
    assert regions_of(None, 1) is None
    assert regions_of(drawing(), 1) is None
    assert regions_of(drawing(layer("orange", np.s_[:0])), 2) is None
    assert regions_of(drawing(layer("orange", np.s_[:5], alpha=3)), 1) is None


def test_each_color_is_a_style():
    left, right = np.s_[:, :10], np.s_[:, 20:]
    found = regions_of(drawing(layer("blue", right), layer("orange", left, alpha=128)), 2)
    assert [dict(region.styles) for region in found] == [{0: None}, {1: None}]
    assert found[0].mask[:, :10] == pytest.approx(128 / 255)
    assert not found[0].mask[:, 10:].any()
    assert found[1].mask[:, 20:].min() == 1
    assert not found[1].mask[:, :20].any()


def test_a_brush_is_known_when_its_edge_is_blurred():
    pixels = layer("green", np.s_[:])
    pixels[0, :, :3] -= np.minimum(pixels[0, :, :3], 12)
    ((*others, green),) = [regions_of(drawing(pixels), 3)]
    assert not others
    assert green.mask.min() == 1


def test_a_color_without_its_style_is_told(refused):
    with refused("blue is drawn.* there are 1"):
        regions_of(drawing(layer("blue", np.s_[:5])), 1)
