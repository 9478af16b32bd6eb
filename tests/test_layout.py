"""How a picture lies: which windows a device has, what rows they see, and on how many devices."""

import jax
import numpy as np
import pytest

from nstjax.tiles import make_layout

HALO, UNIT = 4, 8


def layout(height, width, devices=1, tile=None):
    """Of arithmetic alone: the only device stands for all of them."""
    places = jax.devices()[:1] * devices if devices > 1 else ()
    return make_layout(height, width, halo=HALO, unit=UNIT, tile=tile, devices=places)


def test_one_window_is_the_whole_picture():
    found = layout(61, 47)
    assert found.is_whole
    assert (found.tiles, found.devices, found.span, found.span_tops) == (1, 1, 61, (0,))
    values = np.ones((61, 47, 3))
    assert found.spans(values) is values


def test_tiles_are_rows_and_columns_of_windows():
    found = layout(100, 61, tile=32)
    assert found.tiles == len(found.rows.origins) * len(found.columns.origins)
    assert min(len(found.rows.origins), len(found.columns.origins)) > 1
    assert not found.is_whole
    assert (found.span, found.span_tops) == (100, (0,))


SHARED = [(100, 61, 3, None), (100, 61, 3, 16), (75, 41, 8, None), (203, 50, 5, 24)]


@pytest.mark.parametrize("case", SHARED, ids=str)
def test_a_devices_span_has_all_of_its_windows(case):
    found = layout(*case)
    assert found.devices == case[2]
    assert found.tiles * found.devices == len(found.rows.origins) * len(found.columns.origins)
    owned = np.zeros((found.height, found.width), int)
    for device, top in enumerate(found.span_tops):
        assert 0 <= top <= found.height - found.span
        for place in range(found.tiles):
            window = found.window(device, place)
            across, down = int(window.left), int(window.top)
            assert int(window.in_picture[0]) == top + down
            assert int(window.in_picture[1]) == across
            assert 0 <= down <= found.span - found.rows.size
            assert 0 <= across <= found.width - found.columns.size
            (first, behind), (left, right) = (tuple(map(int, each)) for each in window[3:])
            assert 0 <= first < behind <= found.rows.size
            assert 0 <= left < right <= found.columns.size
            rows = np.s_[top + down + first : top + down + behind]
            owned[rows, across + left : across + right] += 1
    np.testing.assert_array_equal(owned, 1)


@pytest.mark.parametrize("case", SHARED, ids=str)
def test_spans_are_rows_of_the_picture_one_below_the_other(case):
    found = layout(*case)
    values = np.arange(found.height)[:, np.newaxis]
    spans = found.spans(values).reshape(found.devices, found.span)
    np.testing.assert_array_equal(spans[:, 0], found.span_tops)
    np.testing.assert_array_equal(np.diff(spans), 1)
    assert found.rows_stored % found.devices == 0
    assert found.height <= found.rows_stored < found.height + found.devices


@pytest.mark.parametrize(("height", "devices"), [(500, 8), (60, 6), (20, 1)])
def test_a_low_picture_goes_to_fewer_devices(height, devices):
    """Each is to have more rows of its own than of its neighbors."""
    found = layout(height, 40, devices=8)
    assert found.devices == devices
    assert devices == 1 or height >= devices * 2 * HALO


def test_equal_layouts_share_their_programs():
    assert layout(100, 61, 3, 16) == layout(100, 61, 3, 16)
    assert hash(layout(100, 61, 3, 16)) == hash(layout(100, 61, 3, 16))
    assert layout(100, 61, 3, 16) != layout(100, 61, 3)
