"""Contact sheets: every picture in its place, whole, and nothing over another."""

import numpy as np
import pytest

from nstjax.images import ContactSheet, Example, shrink
from nstjax.images.contact_sheet import BLANK, PAPER
from nstjax.images.lettering import Lettering

BOX = (60, 130)


def color(row, column):
    return np.array([0.2 * row + 0.1, 0.2 * column + 0.1, 0.9], np.float32)


def plain(shape, value):
    return np.broadcast_to(np.float32(value), (*shape, 3)).copy()


def where(sheet, value):
    """Top, left, height and width of all pixels of a color, which must be a full rectangle."""
    rows, columns = np.nonzero((sheet == value).all(axis=-1))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert len(rows) == height * width
    return int(rows.min()), int(columns.min()), height, width


def of_bytes(value):
    return np.uint8(np.asarray(value) * 255 + 0.5)


@pytest.mark.parametrize("labels", [("",), ("content_layers", "relu1_1+relu2_1+relu3_1+relu4_1")])
@pytest.mark.parametrize("examples", [0, 2, 9])
def test_pictures_stand_in_rows_and_columns(labels, examples):
    rows, columns = 3, 4
    sheet = ContactSheet(
        BOX,
        [labels] * rows,
        [labels] * columns,
        [Example(plain((90, 90), 0.5), "style")] * examples,
    )
    cells = {(r, c): plain(BOX, color(r, c)) for r in range(rows) for c in range(columns)}
    drawn = sheet.draw(cells)
    assert drawn.shape == (*sheet.size, 3)
    found = {place: where(drawn, of_bytes(color(*place))) for place in cells}
    assert {(height, width) for _, _, height, width in found.values()} == {BOX}
    tops = [[found[r, c][0] for c in range(columns)] for r in range(rows)]
    lefts = [[found[r, c][1] for c in range(columns)] for r in range(rows)]
    assert all(len(set(line)) == 1 for line in tops)
    assert all(np.diff([line[0] for line in tops]) > BOX[0])
    assert lefts[0] == lefts[1] == lefts[2]
    assert all(np.diff(lefts[0]) > BOX[1])
    # The border is free, so nothing is cut off.
    edges = (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1])
    assert all((edge == PAPER).all() for edge in edges)


def test_smaller_pictures_keep_their_size_and_larger_ones_their_shape():
    sheet = ContactSheet(BOX, [()], [("a",), ("b",), ("c",)], [])
    cells = {
        (0, 0): plain((20, 30), color(0, 0)),
        (0, 1): plain((600, 1300), color(0, 1)),
        (0, 2): plain((600, 300), color(0, 2)),
    }
    drawn = sheet.draw(cells)
    sizes = [where(drawn, of_bytes(color(*place)))[2:] for place in cells]
    assert sizes == [(20, 30), BOX, (60, 30)]


def test_what_is_missing_is_told_in_its_place():
    sheet = ContactSheet(BOX, [()], [("a",), ("b",)], [])
    drawn = sheet.draw({(0, 0): plain(BOX, color(0, 0)), (0, 1): "failed"})
    top, left, height, _ = where(drawn, of_bytes(color(0, 0)))
    rest = drawn[top : top + height, left + BOX[1] :]
    blank = (rest == BLANK).all(axis=-1)
    assert 0.8 * BOX[0] * BOX[1] < blank.sum() < BOX[0] * BOX[1]  # the rest is ink


def test_labels_stand_beside_their_rows_and_above_their_columns():
    """A label moves ink where it belongs, and none elsewhere."""

    def draw(rows, columns):
        sheet = ContactSheet(BOX, rows, columns, [])
        return sheet.draw({(r, c): plain(BOX, color(r, c)) for r in (0, 1) for c in (0, 1)})

    usual = draw([("aa",), ("aa",)], [("aa",), ("aa",)])
    (top, left, height, width), (below, _, _, _), (_, right, _, _) = (
        where(usual, of_bytes(color(*place))) for place in ((0, 0), (1, 0), (0, 1))
    )
    for rows, columns, inside in (
        ([("aa",), ("ii",)], [("aa",), ("aa",)], (slice(below, below + height), slice(0, left))),
        ([("aa",), ("aa",)], [("aa",), ("ii",)], (slice(0, top), slice(right, right + width))),
    ):
        changed = (draw(rows, columns) != usual).any(axis=-1)
        assert changed[inside].any()
        changed[inside] = False
        assert not changed.any()


@pytest.mark.parametrize("shape", [(1, 4000), (4000, 1), (7, 7), (3000, 2000)])
def test_every_shape_shrinks_into_its_box(shape):
    height, width, _ = shrink(plain(shape, 0.5), BOX).shape
    assert 1 <= height <= BOX[0]
    assert 1 <= width <= BOX[1]
    if shape == (7, 7):
        assert (height, width) == shape


@pytest.mark.parametrize("text", ["relu1_1+relu2_1 relu3_1", "W" * 200, "", "a", "a b c d e f g"])
def test_lines_are_broken_without_losing_a_letter(text):
    letters = Lettering(15)
    lines = letters.wrapped([text], 60)
    assert "".join(lines) == text
    assert all(letters.width(line) <= 60 for line in lines)
    assert letters.wrapped([text], 10**6) == [text]
