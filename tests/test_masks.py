"""Reading masks: what is gray, what is flat colors, and what is neither."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from nstjax.images import ColorMap, read_mask

RAMP = np.linspace(0, 255, 30, dtype=np.uint8) * np.ones((20, 1), np.uint8)
DISK = np.uint8(255 * (np.hypot(*np.mgrid[-10:10, -15:15]) < 8))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# With red and green exchanged.
OTHER = SRGB.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")

BLACK, BLUE, RED, GREEN, WHITE = (0, 0, 0), (0, 0, 255), (255, 0, 0), (0, 255, 0), (255, 255, 255)


def color(gray):
    return np.stack([gray] * 3, axis=-1)


def stripes(*colors):
    """A column for each color."""
    return np.uint8([colors] * 2)


def with_alpha(picture, alpha):
    return np.concatenate([np.uint8(picture), np.uint8(alpha)[..., np.newaxis]], axis=-1)


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return read_mask(path)


@pytest.mark.parametrize("gray", [RAMP, DISK])
@pytest.mark.parametrize("as_array", [lambda gray: gray, color], ids=["gray", "rgb"])
def test_gray_is_taken_exactly(tmp_path, gray, as_array):
    for ending in ("png", "tif", "bmp"):
        mask = saved(tmp_path / f"x.{ending}", as_array(gray))
        assert mask.dtype == np.float32
        np.testing.assert_allclose(mask, gray / 255, atol=1e-7)


def test_every_mode_of_gray_is_read(tmp_path):
    words = np.uint16(RAMP) * 257 + np.uint16(13) * (RAMP < 99)
    np.testing.assert_allclose(saved(tmp_path / "w.png", words), words / 65535, atol=1e-7)
    floats = RAMP.astype(np.float32) / 255
    np.testing.assert_array_equal(saved(tmp_path / "f.tif", floats), floats)
    np.testing.assert_array_equal(saved(tmp_path / "1.png", DISK > 99), DISK / 255)
    Image.fromarray(RAMP).convert("P").save(tmp_path / "p.png")
    np.testing.assert_allclose(read_mask(tmp_path / "p.png"), RAMP / 255, atol=1e-7)


@pytest.mark.parametrize("gray", [RAMP, DISK])
@pytest.mark.parametrize("options", [{}, {"quality": 20}])
@pytest.mark.parametrize("ending", ["jpg", "webp"])
def test_lossy_formats_of_gray_stay_gray(tmp_path, gray, options, ending):
    path = tmp_path / f"x.{ending}"
    mask = saved(path, color(gray), **options)
    with Image.open(path) as image:
        np.testing.assert_allclose(mask, np.asarray(image.convert("L")) / 255, atol=2.01 / 255)


def test_flat_colors_are_regions_from_dark_to_light(tmp_path):
    picture = stripes(WHITE, GREEN, BLACK, RED, BLUE, GREEN)
    found = saved(tmp_path / "x.png", picture)
    assert isinstance(found, ColorMap)
    assert found.colors == ("#0000ff", "#ff0000", "#00ff00", "#ffffff")
    assert found.shape == (2, 6)
    np.testing.assert_array_equal(found.where("#00ff00"), [[0, 1, 0, 0, 0, 1]] * 2)
    assert found.where("#ff0000").dtype == np.float32
    # Together with black they are all of the picture.
    assert sum(found.where(each) for each in found.colors).tolist() == [[1, 1, 0, 1, 1, 1]] * 2


def test_equal_luma_is_ordered_by_red_green_and_blue(tmp_path):
    # 2126 red + 7152 green + 722 blue is 122740 of each.
    found = saved(tmp_path / "x.png", stripes((31, 3, 49), (0, 0, 170), (14, 13, 0)))
    assert found.colors == ("#0000aa", "#0e0d00", "#1f0331")


def test_a_palette_is_as_good_and_an_unused_entry_is_no_region(tmp_path):
    image = Image.frombytes("P", (3, 1), bytes([2, 0, 1]))
    image.putpalette([*BLACK, *BLUE, *RED, *GREEN])
    for name in ("x.png", "x.gif"):
        image.save(tmp_path / name)
        found = read_mask(tmp_path / name)
        assert found.colors == ("#0000ff", "#ff0000")
        np.testing.assert_array_equal(found.where("#ff0000"), [[1, 0, 0]])


def test_alpha_alone_is_a_mask(tmp_path):
    for paint in (BLACK, WHITE, (200, 30, 30)):
        picture = with_alpha(np.full((20, 30, 3), paint), RAMP)
        np.testing.assert_allclose(saved(tmp_path / "x.png", picture), RAMP / 255, atol=1e-7)
        # Programs write any color where nothing shows.
        picture[RAMP == 0, :3] = (1, 2, 3)
        np.testing.assert_allclose(saved(tmp_path / "x.png", picture), RAMP / 255, atol=1e-7)


def test_what_is_transparent_counts_as_black(tmp_path):
    picture = with_alpha(color(RAMP), DISK)
    np.testing.assert_allclose(
        saved(tmp_path / "x.png", picture), RAMP / 255 * (DISK > 0), atol=1e-7
    )
    picture = with_alpha(stripes(RED, GREEN, WHITE), [[255, 255, 0]] * 2)
    assert saved(tmp_path / "x.png", picture).colors == ("#ff0000", "#00ff00")
    image = Image.frombytes("P", (3, 1), bytes([2, 0, 1]))
    image.putpalette([*GREEN, *BLUE, *RED])
    image.save(tmp_path / "x.png", transparency=0)
    assert read_mask(tmp_path / "x.png").colors == ("#0000ff", "#ff0000")


def test_an_opaque_alpha_channel_says_nothing(tmp_path):
    picture = with_alpha(color(DISK), np.full_like(DISK, 255))
    np.testing.assert_array_equal(saved(tmp_path / "x.png", picture), DISK / 255)


def test_masks_are_turned_as_the_camera_held_them(tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6  # to be turned a quarter, with the clock
    mask = saved(tmp_path / "x.png", RAMP, exif=exif)
    np.testing.assert_allclose(mask, np.rot90(RAMP, -1) / 255, atol=1e-7)
    found = saved(tmp_path / "y.png", stripes(RED, GREEN), exif=exif)
    np.testing.assert_array_equal(found.where("#ff0000"), [[1, 1], [0, 0]])


def test_a_color_profile_changes_no_mask(tmp_path):
    for profile in (SRGB, OTHER, b"damaged"):
        mask = saved(tmp_path / "x.png", color(RAMP), icc_profile=profile)
        np.testing.assert_allclose(mask, RAMP / 255, atol=1e-7)
        found = saved(tmp_path / "y.png", stripes((7, 99, 3), RED), icc_profile=profile)
        assert found.colors == ("#ff0000", "#076303")


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint16),
        np.zeros((4, 4), bool),
        with_alpha(np.full((4, 4, 3), 255), np.zeros((4, 4))),
        np.arange(12, dtype=np.uint8).reshape(3, 4),  # numbers of regions, to the eye all black
    ],
)
def test_a_mask_that_marks_nothing_is_refused(tmp_path, refused, picture):
    with refused("x.png is all black and marks nothing: paint white what it is to mark"):
        saved(tmp_path / "x.png", picture)


def test_too_many_colors_are_counted(tmp_path, refused):
    few = np.uint8([[[7 * n, 255 - 7 * n, 0] for n in range(32)]])
    assert len(saved(tmp_path / "x.png", few).colors) == 32
    many = np.uint8([[[7 * n, 255 - 7 * n, 0] for n in range(33)]])
    with refused(
        "x.png has 33 colors: a mask must be gray, or have at most 32 flat colors; save it"
    ):
        saved(tmp_path / "x.png", many)
    blurred = Image.fromarray(stripes(RED, GREEN)).resize((64, 64), Image.Resampling.BICUBIC)
    with refused("y.jpg has [0-9]+ colors"):
        saved(tmp_path / "y.jpg", np.asarray(blurred))


def test_what_is_no_picture_is_refused_as_ever(tmp_path, refused):
    with refused("nothing.png does not exist: give a picture file"):
        read_mask(tmp_path / "nothing.png")
    (tmp_path / "text.png").write_text("a mask")
    with refused("text.png is not a picture that Pillow reads"):
        read_mask(tmp_path / "text.png")
    with refused("x.tif has floats outside"):
        saved(tmp_path / "x.tif", np.full((4, 4), 255, np.float32))
