"""Mask files to regions: which style is painted where, and what does not fit."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nstjax.cli.files.region_files import read_regions

CONTENT = (24, 32)
STYLES = [(40, 30), (20, 60)]
RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gray(name, shape, seed=0):
    """A file of a random mask, and the mask."""
    values = np.random.default_rng(seed).integers(20, 256, shape, np.uint8)
    Image.fromarray(values).save(name)
    return Path(name), values / 255


def stripes(name, shape, *colors):
    """A file of flat colors side by side, and where each is."""
    places = np.arange(shape[1]) * len(colors) // shape[1] * np.ones((shape[0], 1), int)
    Image.fromarray(np.uint8(colors)[places]).save(name)
    return Path(name), [places == number for number in range(len(colors))]


def regions(masks=(), style_masks=(), content=CONTENT, styles=STYLES):
    return read_regions(masks, style_masks, content=content, styles=styles)


def is_mask(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    return True


def test_without_files_there_are_no_regions():
    assert regions() is None


def test_gray_masks_and_styles_go_together_in_order():
    files, masks = zip(gray("a.png", CONTENT, 1), gray("b.png", (48, 64), 2), strict=True)
    found = regions(files)
    assert [is_mask(each.mask, mask) for each, mask in zip(found, masks, strict=True)]
    assert [each.styles for each in found] == [{0: None}, {1: None}]


def test_of_a_style_only_what_its_mask_marks_is_looked_at():
    files, masks = zip(gray("a.png", CONTENT, 1), gray("b.png", CONTENT, 2), strict=True)
    parts, wanted = zip(gray("c.png", STYLES[0], 3), gray("d.png", STYLES[1], 4), strict=True)
    found = regions(files, parts)
    for number, each in enumerate(found):
        assert is_mask(each.mask, masks[number])
        assert list(each.styles) == [number]
        assert is_mask(each.styles[number], wanted[number])


def test_without_masks_the_parts_of_the_styles_are_painted_everywhere():
    parts, wanted = zip(gray("c.png", STYLES[0], 3), gray("d.png", STYLES[1], 4), strict=True)
    (found,) = regions((), parts)
    assert found.mask is None
    assert list(found.styles) == [0, 1]
    assert all(is_mask(found.styles[number], wanted[number]) for number in (0, 1))


def test_a_texture_is_like_parts_of_the_styles(refused):
    parts, wanted = zip(gray("c.png", STYLES[0], 3), gray("d.png", STYLES[1], 4), strict=True)
    (found,) = regions((), parts, content=None)
    assert found.mask is None
    assert all(is_mask(found.styles[number], wanted[number]) for number in (0, 1))
    flat = [stripes(f"{n}.png", shape, RED, GREEN)[0] for n, shape in enumerate(STYLES)]
    with refused("0.png has flat colors: a texture takes gray masks only"):
        regions((), flat, content=None)


def test_colors_and_styles_go_together_from_dark_to_light():
    file, (red, _, blue) = stripes("x.png", CONTENT, RED, BLACK, BLUE)
    found = regions([file])
    assert [is_mask(each.mask, place) for each, place in zip(found, (blue, red), strict=True)]
    assert [each.styles for each in found] == [{0: None}, {1: None}]


def test_equal_colors_go_together_in_all_pictures():
    file, (green, _, red) = stripes("x.png", CONTENT, GREEN, BLACK, RED)
    first, (first_red, first_green) = stripes("a.png", STYLES[0], RED, GREEN)
    # Black is no color here either, and blue is nowhere in the content.
    second, (second_green, _, _) = stripes("b.png", STYLES[1], GREEN, BLACK, BLUE)
    found = regions([file], [first, second])
    assert [is_mask(each.mask, place) for each, place in zip(found, (red, green), strict=True)]
    assert [list(each.styles) for each in found] == [[0], [0, 1]]
    assert is_mask(found[0].styles[0], first_red)
    assert is_mask(found[1].styles[0], first_green)
    assert is_mask(found[1].styles[1], second_green)


def test_one_file_may_be_named_twice():
    file, (red, green) = stripes("x.png", CONTENT, RED, GREEN)
    found = regions([file], [file], styles=[CONTENT])
    assert [is_mask(each.styles[0], place) for each, place in zip(found, (red, green), strict=True)]


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((48, 64), True),
        ((12, 16), True),
        ((240, 326), True),
        ((240, 314), True),
        ((240, 327), False),
        ((240, 313), False),
        ((32, 24), False),
    ],
)
def test_a_mask_has_the_shape_of_its_picture_within_two_percent(refused, shape, fits):
    file, _ = gray("x.png", shape)
    for masks, style_masks, styles, of in (
        ([file], [], [(9, 9)], "the content picture"),
        ([], [file], [CONTENT], "style picture 1"),
    ):
        if fits:
            assert regions(masks, style_masks, styles=styles)
        else:
            height, width = shape
            with refused(f"x.png has {width}x{height} pixels and {of} 32x24: give one of the same"):
                regions(masks, style_masks, styles=styles)


def test_numbers_of_masks_and_styles_that_differ_are_told(refused):
    one, two, three = (gray(f"{n}.png", CONTENT, n)[0] for n in range(3))
    with refused("--masks names 1 mask for 2 style pictures: give one for each, in order"):
        regions([one])
    with refused("--masks names 3 masks for 2 style pictures"):
        regions([one, two, three])
    with refused("--masks names 2 masks for 1 style picture: "):
        regions([one, two], styles=STYLES[:1])
    with refused("--style-masks names 1 mask for 2 style pictures: give one for each, in order"):
        regions([], [one])


def test_numbers_of_colors_and_styles_that_differ_are_told(refused):
    file, _ = stripes("x.png", CONTENT, RED, BLACK, BLUE, GREEN)
    with refused(
        r"x.png has 3 colors beside black \(#0000ff, #ff0000, #00ff00\) for 2 style pictures: give one"
    ):
        regions([file])
    with refused(r"x.png has 1 color beside black \(#ff0000\) for 2 style pictures"):
        regions([stripes("x.png", CONTENT, RED, BLACK)[0]])


def test_a_color_that_no_style_has_is_named(refused):
    file, _ = stripes("x.png", CONTENT, RED, BLACK, BLUE)
    parts = [stripes(f"{n}.png", shape, RED, GREEN)[0] for n, shape in enumerate(STYLES)]
    with refused("x.png has #0000ff, which no style mask has: paint it in one"):
        regions([file], parts)


def test_a_style_with_no_color_of_the_content_is_named(refused):
    file, _ = stripes("x.png", CONTENT, RED, BLUE)
    parts = [
        stripes("a.png", STYLES[0], RED, BLUE)[0],
        stripes("b.png", STYLES[1], GREEN, BLACK)[0],
    ]
    with refused(
        "b.png has only #00ff00 and x.png only #0000ff, #ff0000: give a color that both have"
    ):
        regions([file], parts)


def test_masks_of_two_kinds_are_refused(refused):
    flat, _ = stripes("flat.png", CONTENT, RED, BLUE)
    soft, _ = gray("soft.png", CONTENT)
    styles = [CONTENT] * 2
    for masks in ([flat, soft], [soft, flat]):
        with refused("soft.png is gray and flat.png has flat colors: give masks of one kind"):
            regions(masks)
        with refused("soft.png is gray and flat.png has flat colors: give masks of one kind"):
            regions([], masks, styles=styles)
    for masks, style_masks in (
        ([flat], [soft, soft]),
        ([soft, soft], [flat, flat]),
        ([], [flat, flat]),
        ([flat, flat], []),
        ([flat, flat], [flat, flat]),
    ):
        with refused(
            "flat.png has flat colors: then --masks must be one such picture, and --style-masks"
        ):
            regions(masks, style_masks, styles=styles)


def test_a_mask_that_marks_nothing_is_named(refused):
    Image.new("L", CONTENT[::-1]).save("black.png")
    with refused("black.png is all black and marks nothing"):
        regions([gray("a.png", CONTENT)[0], Path("black.png")])
