"""Which files can be written is what this Pillow says."""

from pathlib import Path

import pytest
from PIL import Image, features

from nstjax.images import check_writable
from nstjax.images.files.formats import endings, format_of


def test_the_endings_are_those_that_pillow_can_write():
    assert {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF"}.items() <= endings().items()
    for ending in (".webp", ".avif"):
        assert (ending in endings()) == (ending[1:] in features.get_supported())


@pytest.mark.parametrize("ending", endings())
def test_each_ending_is_written_as_its_format(tmp_path, ending):
    from nstjax.images import write

    write(tmp_path / f"x{ending}", [[[0.0, 0.5, 1.0]] * 20] * 20)
    with Image.open(tmp_path / f"x{ending}") as image:
        assert image.format == format_of(Path(f"x{ending}"), 8)


def test_a_format_that_this_pillow_lacks_is_refused(tmp_path, monkeypatch, refused):
    Image.init()
    monkeypatch.delitem(Image.SAVE, "TIFF")
    endings.cache_clear()
    with refused("x.tif: give a file name ending in .png, .*which Pillow writes here"):
        check_writable(tmp_path / "x.tif")
    monkeypatch.undo()
    endings.cache_clear()
    check_writable(tmp_path / "x.tif")


def test_a_side_longer_than_the_format_holds_is_refused_beforehand(tmp_path, refused):
    check_writable(tmp_path / "x.jpg", long_side=65500)
    with refused("JPEG holds at most 65500 pixels a side and the picture has 65501: choose PNG"):
        check_writable(tmp_path / "x.jpg", long_side=65501)


@pytest.mark.parametrize("bit_depth", [0, 1, 12, 32])
def test_another_depth_is_refused(tmp_path, refused, bit_depth):
    with refused(f"^bit_depth is {bit_depth}: use 8 or 16"):
        check_writable(tmp_path / "x.png", bit_depth)
