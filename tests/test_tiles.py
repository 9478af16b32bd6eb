"""A picture in windows: the loss and the gradient of the whole, whatever is compared and how."""

import dataclasses

import numpy as np
import pytest
from reference.inputs import picture, relative_error
from reference.tiled import Scene, evaluated, problem_of, two_regions

from nstjax import Settings
from nstjax.losses import CONTENT_LOSSES, STYLE_LOSSES, TOTAL_VARIATIONS
from nstjax.vgg.convolution import PADDINGS, POOLINGS

pytestmark = pytest.mark.usefixtures("quick_to_compile")

SHALLOW = Settings(
    content_layers=("conv2_1",), style_layers=("relu1_1", "relu2_1"), precision="float32"
)
# Still less, which has all that the losses look at.
ONE_STAGE = dataclasses.replace(
    SHALLOW, content_layers=("pool1",), style_layers=("relu1_1", "pool1")
)
TILE = 24


def scene(height=61, width=47, content=True, styles=1, regions=None):
    return Scene(
        height,
        width,
        picture(height, width) ** 2 if content else None,
        (picture(52, 70), picture(45, 33) ** 3)[:styles],
        regions,
    )


def check_tiles_are_the_whole(weights, settings, scene=scene(), platform=None, **layout):  # noqa: B008
    _, expected, gradient = evaluated(weights, settings, scene, platform)
    tiled, found, tiled_gradient = evaluated(
        weights, settings, scene, platform, tile=TILE, **layout
    )
    assert tiled.tiles > 1
    for name, value in found._asdict().items():
        np.testing.assert_allclose(value, getattr(expected, name), rtol=1e-5, err_msg=name)
    assert relative_error(tiled_gradient, gradient) < 1e-5


def in_turn(names, place):
    return list(names)[place % len(names)]


# Each distance from a style, and beside it each of all else at least once.
CASES = [
    {
        "style_loss": style,
        "content_loss": in_turn(CONTENT_LOSSES, place),
        "tv_loss": in_turn(TOTAL_VARIATIONS, place),
        "pooling": in_turn(POOLINGS, place),
        "padding": in_turn(PADDINGS, place + place // 3),
        "content_target": in_turn(("content", "nearest"), place),
    }
    for place, style in enumerate(STYLE_LOSSES)
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case.values()))
def test_every_loss_is_that_of_the_whole(narrow, case):
    settings = dataclasses.replace(ONE_STAGE, tv_weight=1.0, **case)
    check_tiles_are_the_whole(narrow("vgg16"), settings)


def test_regions_on_a_canvas_in_several_styles(narrow):
    settings = dataclasses.replace(SHALLOW, content_target="nearest", style_blend=(1, 3))
    parts = two_regions(61, 47, style=(52, 70))
    check_tiles_are_the_whole(narrow("vgg19"), settings, scene(styles=2, regions=parts))


def test_content_said_in_several_styles_is_kept_as_places(narrow):
    settings = dataclasses.replace(ONE_STAGE, content_target="nearest", style_blend=(1, 3))
    check_tiles_are_the_whole(narrow("vgg16"), settings, scene(styles=2))
    _, pending = problem_of(narrow("vgg16"), settings, scene(styles=2), tile=TILE)
    (places,) = pending.shapes.targets.maps.content.values()
    assert places.dtype == np.int32
    assert places.shape == (61 // 2, 47 // 2, 2)


def test_the_contents_features_need_not_be_kept(narrow):
    settings = dataclasses.replace(ONE_STAGE, content_target="content", photo_weight=3.0)
    check_tiles_are_the_whole(narrow("vgg16"), settings, keeps_content=False)


def test_a_style_of_several_sizes(narrow):
    changes = {"style_scale": (0.6, 1.0), "content_target": "nearest"}
    settings = dataclasses.replace(ONE_STAGE, **changes)
    check_tiles_are_the_whole(narrow("vgg16"), settings)


@pytest.mark.parametrize("without", ["content", "style"])
def test_a_term_may_be_missing(narrow, without):
    settings = dataclasses.replace(ONE_STAGE, **{f"{without}_layers": ()})
    left = scene(content=False) if without == "content" else scene(styles=0)
    check_tiles_are_the_whole(narrow("vgg16"), settings, left)


def test_a_deep_network_and_odd_sides(narrow):
    """Each pooling rounds down somewhere, and a window is a third of the picture."""
    deep = {"content_layers": ("relu3_2",), "style_layers": ("relu1_1", "pool2", "conv4_1")}
    # Of covariances so deep one unit of rounding in the pixels changes the gradient by 1e-5 and more.
    settings = dataclasses.replace(SHALLOW, **deep, pooling="max", style_loss="energy")
    check_tiles_are_the_whole(narrow("vgg16"), settings, scene(151, 131))


@pytest.mark.parametrize("platform", ["gpu", "tpu"])
def test_windows_are_exact_in_every_platforms_form(narrow, platform):
    settings = dataclasses.replace(SHALLOW, content_target="content")
    check_tiles_are_the_whole(narrow("vgg16"), settings, platform=platform)
