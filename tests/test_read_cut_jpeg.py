"""JPEG of which a part is missing: refused wherever it was cut, read where only the end marker is."""

import io

import numpy as np
import pytest
from PIL import Image
from reference.inputs import picture

from nstjax.errors import UserError
from nstjax.images.files.read import read_picture

END = b"\xff\xd9"
KINDS = {
    "baseline": {},
    "full color": {"subsampling": 0, "quality": 60},
    "restarts by row": {"restart_marker_rows": 1},
    "restarts by block": {"restart_marker_blocks": 8},
    "progressive": {"progressive": True},
    "gray": {"mode": "L"},
    "CMYK": {"mode": "CMYK"},
}
SIZES = [(40, 24), (333, 250), (1203, 901)]


def jpeg(size, mode="RGB", **options):
    rng = np.random.default_rng(3)
    image = Image.fromarray((picture() * 255).astype(np.uint8)).resize(size)
    grain = rng.integers(-20, 20, (size[1], size[0], 3))
    grained = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grained).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


def found(path, content, long_side=None):
    path.write_bytes(content)
    return read_picture(path, long_side=long_side)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_jpeg_is_refused_wherever_it_was_cut(tmp_path, kind, size):
    content = jpeg(size, **KINDS[kind])
    data = content.index(b"\xff\xda") + 14
    for part in (0.0, 0.1, 0.5, 0.9, 0.98, 1.0):
        place = int(data + part * (len(content) - 24 - data))
        for long_side in (None, 8):
            with pytest.raises(UserError, match=r"x\.jpg.*damaged"):
                found(tmp_path / "x.jpg", content[:place], long_side)


@pytest.mark.parametrize("kind", ["restarts by row", "restarts by block"])
def test_a_jpeg_cut_at_a_restart_is_refused(tmp_path, kind):
    content = jpeg((333, 250), **KINDS[kind])
    data = content.index(b"\xff\xda")
    places = [
        n for n in range(data, len(content)) if content[n : n + 2] in (b"\xff\xd0", b"\xff\xd5")
    ]
    for place in [*places[:3], *places[-3:]]:
        for behind in (0, 1, 2):
            with pytest.raises(UserError, match="a part of the picture"):
                found(tmp_path / "x.jpg", content[: place + behind])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_its_end_is_read_with_a_word(tmp_path, kind, size):
    content = jpeg(size, **KINDS[kind])
    whole = found(tmp_path / "x.jpg", content)
    assert not whole.remarks
    for cut in (content[:-2], content[:-1], content[:-2] + bytes(4096)):
        without = found(tmp_path / "x.jpg", cut)
        np.testing.assert_array_equal(without.pixels, whole.pixels)
        assert len(without.remarks) == 1
        assert "cut short" in without.remarks[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_jpeg_of_which_the_rest_is_filled_up_is_refused(tmp_path, kind, part):
    content = jpeg((333, 250), **KINDS[kind])
    place = int(part * len(content))
    tails = [bytes(len(content) - place)]
    # The last scan of a progressive one only makes the picture finer.
    if kind != "progressive" or part < 0.5:
        tails.append(END)
    for tail in tails:
        with pytest.raises(UserError, match="a part of the picture"):
            found(tmp_path / "x.jpg", content[:place] + tail)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [bytes(4096), b"something else" * 9, b"\xff" * 9])
def test_what_lies_behind_the_end_does_not_matter(tmp_path, kind, tail):
    content = jpeg((333, 250), **KINDS[kind])
    whole, padded = (found(tmp_path / "x.jpg", each) for each in (content, content + tail))
    np.testing.assert_array_equal(whole.pixels, padded.pixels)
    assert not padded.remarks


def test_a_picture_that_is_gray_as_missing_data_are_is_read(tmp_path):
    for mode in ("L", "RGB"):
        file = io.BytesIO()
        Image.new(mode, (50, 40), (128,) * len(mode)).save(file, "JPEG")
        assert not found(tmp_path / "x.jpg", file.getvalue()).remarks
