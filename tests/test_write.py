"""Writing pictures: exact, whole or not at all, and as readable as any other file."""

import io
import os
import stat
import subprocess
import sys
import time
import typing

import numpy as np
import pytest
from PIL import Image, ImageCms
from reference.inputs import picture

from nstjax.images import BitDepth, check_writable, read, to_bytes, write
from nstjax.images.files.formats import endings


def pixels_in(path):
    with Image.open(path) as image:
        assert image.mode == "RGB"
        return np.asarray(image)


@pytest.mark.parametrize("name", ["x.png", "X.PNG", "a.b.png"])
def test_png_is_exact_to_eight_bits(tmp_path, name):
    write(tmp_path / name, picture())
    np.testing.assert_array_equal(pixels_in(tmp_path / name), to_bytes(picture()))
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["x.jpg", "x.jpeg", "x.JPG"])
def test_jpeg_is_close_in_color_too(tmp_path, name):
    write(str(tmp_path / name), picture())
    with Image.open(tmp_path / name) as image:
        assert image.format == "JPEG"
        # One size for brightness and color: thin colored strokes are kept.
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}
    error = np.abs(pixels_in(tmp_path / name).astype(int) - to_bytes(picture()))
    assert error.mean() < 4  # of white noise, the hardest picture there is


@pytest.mark.parametrize("name", ["x.tif", "x.TIFF", "x.webp"])
def test_tiff_and_webp_are_exact_to_eight_bits_with_alpha(tmp_path, name):
    if f".{name.split('.')[1].lower()}" not in endings():
        pytest.skip("this Pillow has no such format")
    alpha = picture()[..., 0]
    write(tmp_path / name, picture(), alpha=alpha)
    with Image.open(tmp_path / name) as image:
        assert image.mode == "RGBA"
        expected = to_bytes(np.dstack([picture(), alpha]))
        np.testing.assert_array_equal(np.asarray(image), expected)


def test_avif_is_close_in_color_too(tmp_path):
    if ".avif" not in endings():
        pytest.skip("this Pillow has no such format")
    write(tmp_path / "x.avif", picture())
    error = np.abs(pixels_in(tmp_path / "x.avif").astype(int) - to_bytes(picture()))
    assert error.mean() < 8  # of white noise, the hardest picture there is


@pytest.mark.parametrize("bit_depth", typing.get_args(BitDepth))
@pytest.mark.parametrize("ending", endings())
def test_every_file_says_that_its_colors_are_srgb(tmp_path, ending, bit_depth, refused):
    path = tmp_path / f"x{ending}"
    if bit_depth == 16 and not ending.endswith(("png", "tif", "tiff")):
        with refused("with 16 bits: give a file name ending in .png, .*.tiff, or a bit depth of 8"):
            write(path, picture(), bit_depth=bit_depth)
        return
    write(path, picture(), bit_depth=bit_depth)
    with Image.open(path) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)
    # Through a converter of others it stays as it is.
    color = Image.fromarray(to_bytes(picture()))
    converted = ImageCms.profileToProfile(color, profile, ImageCms.createProfile("sRGB"))
    assert np.abs(np.asarray(converted).astype(int) - np.asarray(color)).max() <= 1


def test_the_same_picture_is_the_same_file_at_any_time(tmp_path):
    names = ("one.png", "two.png")
    code = "import sys; from nstjax.images import write; write(sys.argv[1], [[[0, 0.5, 1]]])"
    for name in names:
        subprocess.run([sys.executable, "-c", code, tmp_path / name], check=True)
        time.sleep(1.1)  # profiles are dated to the second
    assert len({(tmp_path / name).read_bytes() for name in names}) == 1


def test_a_picture_that_was_written_is_read_to_the_bit(tmp_path):
    write(tmp_path / "x.png", picture())
    np.testing.assert_array_equal(read(tmp_path / "x.png"), to_bytes(picture()) / np.float32(255))


def test_alpha_is_resized_to_the_picture(tmp_path):
    alpha = np.zeros((20, 30), np.float32)
    alpha[:, 15:] = 1
    write(tmp_path / "x.png", picture(10, 15), alpha=alpha)
    with Image.open(tmp_path / "x.png") as image:
        found = np.asarray(image.getchannel("A"))
    assert found.shape == (10, 15)
    assert found[:, :4].max() == 0
    assert found[:, -4:].min() == 255


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (255, "from 0.5 to 255: divide by 255"),
        (np.nan, "1 of 36 are NaN"),
        (np.inf, "1 of 36 are infinite"),
    ],
)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_numbers_out_of_range_are_refused_and_nothing_is_written(
    tmp_path, refused, value, words, bit_depth
):
    pixels = np.full((3, 4, 3), 0.5)
    pixels[1, 2, 0] = value
    with refused(f"^pixels has floats outside .0, 1.*{words}"):
        write(tmp_path / "x.png", pixels, bit_depth=bit_depth)
    with refused("^alpha has floats outside"):
        write(tmp_path / "x.png", picture(3, 4), alpha=pixels[..., 0])
    assert not os.listdir(tmp_path)


def test_bytes_are_written_as_they_are(tmp_path):
    write(tmp_path / "x.png", to_bytes(picture()))
    np.testing.assert_array_equal(pixels_in(tmp_path / "x.png"), to_bytes(picture()))


def test_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    write(path, picture(3, 4))
    assert pixels_in(path).shape == (3, 4, 3)
    assert os.listdir(tmp_path) == ["x.png"]


def fail_to_save(image, file, **_):
    file.write(b"half a picture")
    raise OSError(28, "No space left on device")


def fail_to_replace(*_):
    raise OSError(13, "Permission denied")


@pytest.mark.parametrize(
    ("owner", "function", "failure", "message"),
    [
        (Image.Image, "save", fail_to_save, "x.png: No space left on device"),
        (os, "replace", fail_to_replace, "x.png: Permission denied"),
    ],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, refused, owner, function, failure, message
):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(owner, function, failure)
    with refused(f"^cannot write .*{message}$"):
        write(path, picture(3, 4))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.png"]


def test_pixels_of_a_wrong_shape_leave_nothing_behind(tmp_path):
    with pytest.raises((TypeError, ValueError)):
        write(tmp_path / "x.png", np.zeros((2, 2, 7)))
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_permissions_are_those_of_a_new_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write(tmp_path / "x.png", picture(3, 4))
        assert os.umask(umask) == umask  # and it is as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.png").stat().st_mode) == mode


@pytest.mark.parametrize("act", [check_writable, lambda path: write(path, picture(3, 4))])
def test_a_name_or_folder_that_does_not_do_is_refused(tmp_path, refused, act):
    for name in ("x", "x.gif", "x.txt", ".png", "png"):
        with refused(r"give a file name ending in \.png, .*\.jpg, \.jpeg, \.tif, \.tiff"):
            act(tmp_path / name)
    with refused("cannot write .*No such file or directory .*choose another folder"):
        act(tmp_path / "nowhere" / "x.png")
    (tmp_path / "file").touch()
    with refused("cannot write .*choose another folder"):
        act(tmp_path / "file" / "x.png")
    (tmp_path / "folder.png").mkdir()
    with refused("folder.png: it is a folder"):
        act(tmp_path / "folder.png")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_checking_leaves_the_file_alone(tmp_path):
    (tmp_path / "x.png").write_bytes(b"old")
    check_writable(tmp_path / "x.png")
    check_writable(tmp_path / "new.jpeg")
    assert os.listdir(tmp_path) == ["x.png"]
    assert (tmp_path / "x.png").read_bytes() == b"old"


def test_names_may_be_as_long_as_files_allow(tmp_path, refused):
    name = "x" * 251 + ".png"
    write(tmp_path / name, picture(3, 4))
    assert os.listdir(tmp_path) == [name]
    with refused("cannot write .*too long"):
        write(tmp_path / ("x" + name), picture(3, 4))
    assert os.listdir(tmp_path) == [name]


def test_a_file_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("x.png", picture(3, 4))
    assert os.listdir(tmp_path) == ["x.png"]
