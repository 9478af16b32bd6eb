"""Reading pictures: every mode that Pillow has, color profiles, orientation, and damage."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from nstjax import UserError
from nstjax.images import read

GENERATOR = np.random.default_rng(8)
BYTES = GENERATOR.integers(0, 256, (6, 5, 4), np.uint8)
GRAY, ALPHA, COLOR = BYTES[..., 0], BYTES[..., 3], BYTES[..., :3]
WORDS = GENERATOR.integers(0, 65536, (6, 5), np.uint16)
FLOATS = GENERATOR.random((6, 5), np.float32)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def three(gray):
    return np.stack([gray] * 3, axis=-1)


def over_white(color, alpha):
    alpha = alpha[..., np.newaxis] / 255
    return color / 255 * alpha + 1 - alpha


def merged(mode, *channels):
    return Image.merge(mode, [Image.fromarray(np.ascontiguousarray(each)) for each in channels])


def profile_with_red_and_green_exchanged():
    """sRGB's profile with the names of two primaries exchanged in its table of tags."""
    profile = bytearray(SRGB)
    (count,) = struct.unpack_from(">I", profile, 128)
    for start in range(132, 132 + 12 * count, 12):
        name = bytes(profile[start : start + 4])
        profile[start : start + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name, name)
    return bytes(profile)


def palette():
    image = Image.fromarray(np.uint8([[0, 1, 2], [2, 1, 0]])).copy()
    image = Image.frombytes("P", (3, 2), image.tobytes())
    image.putpalette([255, 0, 0, 0, 51, 0, 0, 0, 102])
    return image


PALETTE = [[[1, 0, 0], [0, 0.2, 0], [0, 0, 0.4]], [[0, 0, 0.4], [0, 0.2, 0], [1, 0, 0]]]
HOLE = [[[1, 0, 0], [1, 1, 1], [0, 0, 0.4]], [[0, 0, 0.4], [1, 1, 1], [1, 0, 0]]]


@pytest.mark.parametrize(
    ("image", "name", "options", "mode", "expected"),
    [
        (Image.fromarray(GRAY > 99), "x.png", {}, "1", three(GRAY > 99)),
        (Image.fromarray(GRAY > 99), "x.png", {"transparency": 0}, "1", np.ones((6, 5, 3))),
        (Image.fromarray(GRAY), "x.png", {}, "L", three(GRAY / 255)),
        (merged("LA", GRAY, ALPHA), "x.png", {}, "LA", over_white(three(GRAY), ALPHA)),
        (palette(), "x.png", {}, "P", PALETTE),
        (palette(), "x.png", {"transparency": 1}, "P", HOLE),
        (palette(), "x.png", {"transparency": b"\xff\x00\xff"}, "P", HOLE),
        (palette(), "x.gif", {"transparency": 1}, "P", HOLE),
        (Image.fromarray(COLOR), "x.png", {}, "RGB", COLOR / 255),
        (Image.fromarray(COLOR), "x.bmp", {}, "RGB", COLOR / 255),
        (Image.fromarray(BYTES), "x.png", {}, "RGBA", over_white(COLOR, ALPHA)),
        (Image.fromarray(WORDS), "x.png", {}, "I;16", three(WORDS / 65535)),
        (Image.fromarray(WORDS), "x.tiff", {}, "I;16", three(WORDS / 65535)),
        (Image.fromarray(WORDS.astype(np.int32)), "x.tiff", {}, "I", three(WORDS / 65535)),
        (Image.fromarray(FLOATS), "x.tiff", {}, "F", three(FLOATS)),
    ],
)
def test_every_mode_is_read(tmp_path, image, name, options, mode, expected):
    image.save(tmp_path / name, **options)
    with Image.open(tmp_path / name) as opened:
        assert opened.mode == mode
    found = read(str(tmp_path / name))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_one_transparent_color_is_laid_over_white(tmp_path):
    color = COLOR.copy()
    color[2, 3] = 1, 2, 3
    expected = color / 255
    expected[2, 3] = 1
    for name, profile in (("plain.png", None), ("profile.png", SRGB)):
        options = {"transparency": (1, 2, 3), "icc_profile": profile}
        Image.fromarray(color).save(tmp_path / name, **options)
        np.testing.assert_allclose(read(tmp_path / name), expected, atol=1e-6)
    Image.fromarray(GRAY).save(tmp_path / "gray.png", transparency=int(GRAY[0, 0]))
    expected = three(np.where(GRAY[0, 0] == GRAY, 1, GRAY / 255))
    np.testing.assert_allclose(read(tmp_path / "gray.png"), expected, atol=1e-6)


# A picture that JPEG keeps well: one that is smooth.
SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[20:200:24j, 240:30:32j], 90), -1).astype(np.uint8)


@pytest.mark.parametrize("image", [Image.fromarray(SMOOTH), Image.fromarray(SMOOTH[..., 0])])
def test_jpeg_is_read_closely(tmp_path, image):
    image.save(tmp_path / "x.jpg", quality=100, subsampling=0)
    expected = np.asarray(image.convert("RGB")) / 255
    np.testing.assert_allclose(read(tmp_path / "x.jpg"), expected, atol=4 / 255)


def test_cmyk_jpeg_is_read_closely(tmp_path):
    inks = np.concatenate([SMOOTH, np.full_like(SMOOTH[..., :1], 40)], -1)
    Image.frombytes("CMYK", (32, 24), inks.tobytes()).save(
        tmp_path / "x.jpg", quality=100, subsampling=0
    )
    with Image.open(tmp_path / "x.jpg") as opened:
        assert opened.mode == "CMYK"
    expected = (1 - SMOOTH / 255) * (1 - 40 / 255)
    np.testing.assert_allclose(read(tmp_path / "x.jpg"), expected, atol=4 / 255)


# How a camera that was held so stores the upright picture (Exif 2.3, tag 0x112).
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright),  # a quarter turn against the clock
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
def test_pictures_are_upright_as_the_camera_held_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](COLOR))
    Image.fromarray(stored).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_allclose(read(tmp_path / "x.png"), COLOR / 255, atol=1e-6)


def test_an_srgb_profile_changes_nothing_but_rounding(tmp_path):
    for image, expected in (
        (Image.fromarray(COLOR), COLOR / 255),
        (Image.fromarray(BYTES), over_white(COLOR, ALPHA)),
    ):
        image.save(tmp_path / "x.png", icc_profile=SRGB)
        np.testing.assert_allclose(read(tmp_path / "x.png"), expected, atol=1.01 / 255)


def test_another_profile_is_applied(tmp_path):
    profile = profile_with_red_and_green_exchanged()
    expected = COLOR[..., [1, 0, 2]] / 255
    Image.fromarray(COLOR).save(tmp_path / "color.png", icc_profile=profile)
    np.testing.assert_allclose(read(tmp_path / "color.png"), expected, atol=2 / 255)
    Image.fromarray(BYTES).save(tmp_path / "alpha.png", icc_profile=profile)
    expected = over_white(COLOR[..., [1, 0, 2]], ALPHA)
    np.testing.assert_allclose(read(tmp_path / "alpha.png"), expected, atol=2 / 255)
    palette().save(tmp_path / "palette.png", icc_profile=profile, transparency=2)
    expected = [[[0, 1, 0], [0.2, 0, 0], [1, 1, 1]], [[1, 1, 1], [0.2, 0, 0], [0, 1, 0]]]
    np.testing.assert_allclose(read(tmp_path / "palette.png"), expected, atol=2 / 255)


@pytest.mark.parametrize("profile", [b"no profile", SRGB[:200], SRGB[:-100]])
def test_a_damaged_profile_is_passed_over(tmp_path, profile):
    Image.fromarray(COLOR).save(tmp_path / "x.png", icc_profile=profile)
    np.testing.assert_allclose(read(tmp_path / "x.png"), COLOR / 255, atol=1.01 / 255)


def test_the_first_frame_of_an_animation_is_read(tmp_path):
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "blue", "white")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "x.gif") as opened:
        assert opened.n_frames == 3
    np.testing.assert_array_equal(read(tmp_path / "x.gif"), np.full((3, 4, 3), [1, 0, 0]))


def test_what_is_no_file_is_refused(tmp_path, refused):
    with refused("nothing.png does not exist: give a picture file"):
        read(tmp_path / "nothing.png")
    with refused("is a folder, not a picture"):
        read(tmp_path)
    with refused("does not exist"):
        read(tmp_path / ("x" * 300))  # longer than a name may be


def test_what_is_no_picture_is_refused(tmp_path, refused):
    for name, content in (("empty.png", b""), ("text.png", b"a picture"), ("cut.png", b"\x89PNG")):
        (tmp_path / name).write_bytes(content)
        with refused(f"{name} is not a picture that Pillow reads: give PNG or JPEG"):
            read(tmp_path / name)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.gif", "x.tiff", "x.bmp"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_truncated_picture_is_refused(tmp_path, refused, name, part):
    noise = np.random.default_rng(9).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(part * len(content))])
    with refused(f"{name}"):
        read(tmp_path / name)


def test_a_picture_that_is_too_large_is_refused(tmp_path, refused, monkeypatch):
    Image.fromarray(COLOR).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert read(tmp_path / "x.png").shape == (6, 5, 3)  # between the warning and the refusal
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with refused("x.png is too large to read .*: make it smaller first"):
        read(tmp_path / "x.png")


def test_floats_beyond_the_range_are_refused_once(tmp_path, refused):
    Image.fromarray(300 * FLOATS).save(tmp_path / "x.tiff")
    with refused(
        r"^[^:]*x.tiff has floats outside .0, 1., from [\d.]+ to [\d.]+: divide by 65535$"
    ):
        read(tmp_path / "x.tiff")


def test_damaged_metadata_do_not_make_a_picture_unreadable(tmp_path):
    path = tmp_path / "picture.jpg"
    pixels = np.full((8, 8, 3), 128, np.uint8)
    # A TIFF header whose first directory lies beyond the end.
    exif = b"Exif\x00\x00II*\x00\xff\xff\x00\x00"
    Image.fromarray(pixels).save(path, exif=exif)
    assert read(path).shape == (8, 8, 3)


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_are_read_or_refused_in_one_line(tmp_path, seed):
    random = np.random.default_rng(seed)
    path = tmp_path / f"picture.{('jpg', 'png', 'webp', 'gif', 'tiff')[seed % 5]}"
    picture = Image.fromarray(random.integers(0, 255, (24, 24, 3), np.uint8))
    exif = picture.getexif()
    exif[274] = 6
    picture.save(path, exif=exif)
    content = bytearray(path.read_bytes())
    for place in random.integers(4, len(content), 12):
        content[place] = random.integers(256)
    path.write_bytes(content)
    try:
        pixels = read(path)
    except UserError as error:
        assert "\n" not in str(error)  # noqa: PT017 - reading it is as good
    else:
        assert pixels.shape[-1] == 3
