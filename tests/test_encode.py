"""Files that are put together here, read back by libraries that have nothing to do with it."""

import numpy as np
import png
import pytest
import tifffile
from PIL import Image
from reference.inputs import picture

from nstjax.images import to_bytes, to_words, write

ALPHA = picture()[..., 1]


def as_written(bit_depth, alpha):
    values = picture() if alpha is None else np.dstack([picture(), alpha])
    return to_words(values) if bit_depth == 16 else to_bytes(values)


@pytest.mark.parametrize("alpha", [None, ALPHA], ids=["opaque", "alpha"])
def test_png_of_16_bits_is_exact(tmp_path, alpha):
    write(tmp_path / "x.png", picture(), alpha=alpha, bit_depth=16, comment="text")
    with open(tmp_path / "x.png", "rb") as file:
        width, height, rows, about = png.Reader(file=file).read()
        found = np.vstack([np.array(row, np.uint16) for row in rows]).reshape(height, width, -1)
    assert about["bitdepth"] == 16
    np.testing.assert_array_equal(found, as_written(16, alpha))


@pytest.mark.parametrize("alpha", [None, ALPHA], ids=["opaque", "alpha"])
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_tiff_is_exact(tmp_path, alpha, bit_depth):
    write(tmp_path / "x.tif", picture(), alpha=alpha, bit_depth=bit_depth, comment="text")
    with tifffile.TiffFile(tmp_path / "x.tif") as file:
        page = file.pages.first
        found = page.asarray()
        assert page.photometric == tifffile.PHOTOMETRIC.RGB
        assert page.extrasamples == (() if alpha is None else (tifffile.EXTRASAMPLE.UNASSALPHA,))
        assert page.tags["ExifTag"].value["UserComment"] == "text"
    assert found.dtype == (np.uint16 if bit_depth == 16 else np.uint8)
    np.testing.assert_array_equal(found, as_written(bit_depth, alpha))


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_pictures_are_whole(tmp_path, name, shape):
    write(tmp_path / name, picture(*shape), bit_depth=16)
    with Image.open(tmp_path / name) as image:
        assert image.size == shape[::-1]
        # Pillow reads the upper eight bits.
        np.testing.assert_array_equal(np.asarray(image), to_words(picture(*shape)) >> 8)


def test_words_are_rounded_to_nearest_and_kept_in_range():
    values = np.float32([-0.1, 0, 0.49 / 65535, 0.51 / 65535, 1, 1.1])
    np.testing.assert_array_equal(to_words(values), [0, 0, 0, 1, 65535, 65535])
    every = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_words(every.astype(np.float32) / np.float32(65535)), every)
