"""Regions: what a mask may be, and how several lie upon each other."""

import numpy as np
import pytest
from PIL import Image

from nstjax import Region
from nstjax.problem.regions import check_regions, coverage, masks_at, whole_picture

CONTENT, STYLE = np.zeros((30, 40, 3), np.float32), np.zeros((50, 20, 3), np.float32)
HALF = np.repeat([[1.0, 0.0]], 20, axis=1).repeat(30, axis=0)  # (30, 40): left in, right out


def test_without_masks_everything_is_like_every_style():
    (region,) = whole_picture(3)
    assert region.mask is None
    assert dict(region.styles) == {0: None, 1: None, 2: None}
    assert whole_picture(0) == ()


def test_masks_become_float32_and_may_have_any_size():
    small = np.uint8([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]])
    (region,) = check_regions([Region(small, {0: np.ones((5, 2))})], CONTENT, [STYLE])
    assert region.mask.dtype == region.styles[0].dtype == np.float32
    np.testing.assert_array_equal(region.mask, small)


@pytest.mark.parametrize(
    ("region", "match"),
    [
        (Region(np.ones((30, 40, 3)), {0: None}), "has shape .*: give .height, width."),
        (Region(255 * HALF, {0: None}), "values outside"),
        (Region(255 * HALF, {0: None}), "from 0 to 255: divide by 255"),
        (
            Region(np.full((30, 40), np.nan), {0: None}),
            "values outside .0, 1.: 1200 of 1200 are NaN",
        ),
        (Region(np.full((30, 40), "x"), {0: None}), "has type <U1: give floats"),
        (Region("mask.png", {0: None}), "'mask.png' and no array: use nstjax.images.read"),
        (Region(np.full((30, 40), None), {0: None}), "has type object: give floats"),
        (Region(Image.new("P", (40, 30), 1), {0: None}), "is a picture: give numpy.asarray"),
        (Region(0 * HALF, {0: None}), "mask of region 1 marks nothing"),
        (Region(HALF.T, {0: None}), "has 30x40 pixels and its picture 40x30"),
        (Region(HALF, {0: HALF}), "region 1's mask of style 0 has 40x30 pixels"),
        (Region(HALF, {1: None}), "asks for style 1: give a place from 0 to 0"),
        (Region(HALF, {}), "region 1 has no style"),
    ],
)
def test_what_cannot_be_a_region_is_refused(region, match, refused):
    with refused(match):
        check_regions([Region(HALF, {0: None}), region], CONTENT, [STYLE])


def test_no_region_and_no_content_are_refused(refused):
    with refused("no regions were given"):
        check_regions([], CONTENT, [STYLE])
    with refused("there is no content picture"):
        check_regions([Region(HALF, {0: None})], None, [STYLE])
    check_regions([Region(None, {0: None})], None, [STYLE])


def test_masks_upon_each_other_share_to_one():
    regions = [Region(mask, {0: None}) for mask in np.float32([HALF, np.ones_like(HALF)])]
    first, second = masks_at(regions, 30, 40)
    np.testing.assert_allclose(first, HALF / 2)
    np.testing.assert_allclose(first + second, 1)
    # The same with a region that is everywhere.
    _, everywhere = masks_at([regions[0], Region(None, {0: None})], 30, 40)
    np.testing.assert_allclose(everywhere, second)


def test_a_mask_is_resized_without_rims():
    (mask,) = masks_at([Region(np.float32(HALF), {0: None})], 9, 12)
    assert mask.shape == (9, 12)
    assert mask.min() == 0
    assert mask.max() == 1
    assert abs(mask.mean() - 0.5) < 1e-6
    assert (np.diff(mask, axis=1) <= 1e-6).all()


def test_coverage_is_what_any_mask_paints():
    half = np.float32(HALF)
    np.testing.assert_array_equal(coverage([half]), half)
    np.testing.assert_allclose(coverage([half / 2, half]), half)
    assert coverage([half, 1 - half]) is None
    assert coverage([half, np.float32(254 / 255) - half.clip(0, 254 / 255)]) is None
    assert coverage([half, None]) is None
    assert coverage([]) is None
