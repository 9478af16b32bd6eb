"""TIFF over the product of all that it can be: the right pixels, or one clear refusal."""

import io
import itertools

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from reference import profiles
from reference.tiff_files import DEFLATE, FLOAT, LZW, NONE, PACKBITS, SIGNED, Kind, tiff_file

from nstjax import UserError
from nstjax.images import read, read_picture
from nstjax.images.files.read import read_values

GENERATOR = np.random.default_rng(15)
SIZE = 7, 11
WHITE_IS_0, BLACK_IS_0, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
# How a file is laid out, which must not change what it shows.
ORDERS, PLANES = "<>", (False, True)
SEGMENTS = (None, (3, 0), (16, 16))
PACKINGS = (
    *((NONE, 1), (DEFLATE, 1), (DEFLATE, 2), (LZW, 1), (LZW, 2), (PACKBITS, 1)),
    *((NONE, 2), (PACKBITS, 2)),
)
COLORS = {WHITE_IS_0: 1, BLACK_IS_0: 1, RGB: 3, PALETTE: 1, CMYK: 4}
DEPTHS = {
    WHITE_IS_0: (1, 2, 4, 8, 12, 16, 32),
    BLACK_IS_0: (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 24, 32),
    RGB: (4, 8, 12, 16, 32),
    PALETTE: (1, 2, 4, 8),
    CMYK: (8, 16),
}
KINDS = [(photometric, bits) for photometric, each in DEPTHS.items() for bits in each]
WHOLE = (1, 8, 16, 32)
ALPHAS = {(): None, (2,): "unassociated", (1,): "associated", (0,): None, (0, 2): "unassociated"}


def as_shown(samples, photometric, bits, palette):
    """The definition: sRGB `(H, W, 3)` in [0, 1] of samples `(H, W, C)`."""
    if photometric == PALETTE:
        return palette.reshape(3, -1).T[samples[..., 0]] / 65535
    unit = samples / (2.0**bits - 1)
    if photometric == WHITE_IS_0:
        unit = 1 - unit
    if photometric == CMYK:
        unit = (1 - unit[..., :3]) * (1 - unit[..., 3:])
    return np.broadcast_to(unit, (*unit.shape[:2], 3))


def random_samples(channels, bits):
    samples = GENERATOR.integers(0, 2**bits, (*SIZE, channels))
    samples[0, 0], samples[0, 1] = 0, 2**bits - 1
    return samples


def laid_out(packings=PACKINGS):
    for order, is_separate, segment, (compression, predictor) in itertools.product(
        ORDERS, PLANES, SEGMENTS, packings
    ):
        yield {
            "order": order,
            "is_separate": is_separate,
            "segment": segment,
            "compression": compression,
            "predictor": predictor,
        }


def is_possible(layout, channels, bits):
    whole = bits in (8, 16, 32)
    return (channels > 1 or not layout["is_separate"]) and (layout["predictor"] == 1 or whole)


def made_files():
    """Every file of the product, by what it is."""
    for photometric, bits in KINDS:
        channels = COLORS[photometric]
        for layout in laid_out():
            if is_possible(layout, channels, bits):
                yield photometric, bits, layout


def check_by_tifffile(path, samples, made):
    """That a made file is what it should be: the independent reader finds the same samples."""
    if made.compression in (LZW, PACKBITS) or made.predictor != 1 or made.bits not in WHOLE:
        return False  # which takes its C library
    found = tifffile.imread(path, squeeze=False)
    found = found.reshape(samples.shape if not made.is_separate else (-1, *SIZE))
    np.testing.assert_array_equal(np.moveaxis(found, 0, -1) if made.is_separate else found, samples)
    return True


@pytest.mark.parametrize(("photometric", "bits"), KINDS)
def test_every_depth_in_every_layout(tmp_path, photometric, bits):
    path, checked = tmp_path / "x.tif", 0
    palette = GENERATOR.integers(0, 65536, 3 * 2**bits) if photometric == PALETTE else None
    tags = {} if palette is None else {320: tuple(map(int, palette))}
    samples = random_samples(COLORS[photometric], bits)
    expected = as_shown(samples, photometric, bits, palette)
    for kind, depth, layout in made_files():
        if (kind, depth) == (photometric, bits):
            made = Kind(photometric, bits, tags=tags, **layout)
            path.write_bytes(tiff_file(samples, made))
            checked += check_by_tifffile(path, samples, made)
            np.testing.assert_allclose(read(path), expected, atol=2e-6, err_msg=str(made))
    assert checked or bits not in WHOLE


def test_a_palette_of_16_bits(tmp_path):
    samples, palette = random_samples(1, 16), GENERATOR.integers(0, 65536, 3 * 65536)
    made = Kind(PALETTE, 16, tags={320: tuple(map(int, palette))})
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, made))
    expected = as_shown(samples, PALETTE, 16, palette)
    np.testing.assert_allclose(read(tmp_path / "x.tif"), expected, atol=1e-6)


def test_the_product_is_large():
    assert len(list(made_files())) >= 300


@pytest.mark.parametrize("bits", [16, 32, 64])
@pytest.mark.parametrize("photometric", [BLACK_IS_0, RGB, WHITE_IS_0])
def test_floats(tmp_path, photometric, bits):
    samples = GENERATOR.random((*SIZE, COLORS[photometric])).astype(f"f{bits // 8}")
    expected = 1 - np.float64(samples) if photometric == WHITE_IS_0 else samples
    for layout in laid_out([(NONE, 1), (DEFLATE, 3), (LZW, 3), (DEFLATE, 2)]):
        if is_possible(layout, COLORS[photometric], 8):
            made = Kind(photometric, bits, FLOAT, **layout)
            (tmp_path / "x.tif").write_bytes(tiff_file(samples, made))
            found = read(tmp_path / "x.tif")
            np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, 255.0, -0.5])
def test_floats_out_of_range_are_refused_with_what_was_found(tmp_path, refused, value):
    samples = np.full((*SIZE, 3), 0.25, np.float32)
    samples[1, 2] = value
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, Kind(RGB, 32, FLOAT)))
    with refused("x.tif has .* are NaN" if np.isnan(value) else f"from .*{value:g}"):
        read(tmp_path / "x.tif")


@pytest.mark.parametrize("extra", ALPHAS)
@pytest.mark.parametrize("photometric", [BLACK_IS_0, WHITE_IS_0, RGB, CMYK])
@pytest.mark.parametrize("bits", [8, 16])
def test_extra_samples(tmp_path, refused, photometric, bits, extra):
    channels = COLORS[photometric]
    if photometric != RGB and len(extra) > 1:
        pytest.skip("gray of more than two channels is refused")
    samples = random_samples(channels + len(extra), bits)
    most = 2**bits - 1
    alpha = samples[..., -1:] / most
    if ALPHAS[extra] == "associated":
        color = samples[..., :channels].copy()
        shown = as_shown(color, photometric, bits, None)
        samples[..., :channels] = np.rint(alpha * color)
        if photometric == WHITE_IS_0:
            samples[..., :channels] = most - np.rint(alpha * (most - color))
        if photometric == CMYK:
            pytest.skip("nobody multiplies inks")
    else:
        shown = as_shown(samples[..., :channels], photometric, bits, None)
    expected = shown * alpha + 1 - alpha if ALPHAS[extra] else shown
    for order, is_separate in itertools.product(ORDERS, PLANES):
        made = Kind(
            photometric,
            bits,
            order=order,
            is_separate=is_separate,
            tags={338: extra} if extra else {},
        )
        (tmp_path / "x.tif").write_bytes(tiff_file(samples, made))
        found = read_picture(tmp_path / "x.tif")
        np.testing.assert_allclose(found.pixels, expected, atol=1 / most)
        if ALPHAS[extra]:
            np.testing.assert_allclose(found.alpha, alpha[..., 0], atol=1e-6)
        else:
            assert found.alpha is None


# How a camera that was held so stores the upright picture (Exif 2.3, tag 0x112).
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(("photometric", "channels"), [(BLACK_IS_0, 1), (RGB, 3), (RGB, 4)])
def test_every_orientation(tmp_path, orientation, photometric, channels):
    for bits, is_big in itertools.product((8, 16), (False, True)):
        samples = random_samples(channels, bits)
        made = Kind(photometric, bits, is_big=is_big, tags={274: (orientation,)})
        (tmp_path / "x.tif").write_bytes(tiff_file(STORED[orientation](samples), made))
        found = read_values(tmp_path / "x.tif")
        if bits == 8:
            np.testing.assert_array_equal(found.reshape(samples.shape), samples)
        expected = samples[..., :3] / (2**bits - 1)
        if channels == 4:
            alpha = samples[..., 3:] / (2**bits - 1)
            expected = expected * alpha + 1 - alpha
        shown = read(tmp_path / "x.tif")
        np.testing.assert_allclose(shown, np.broadcast_to(expected, shown.shape), atol=1e-6)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg", "packbits", "tiff_deflate"])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "RGBA", "LA", "P", "1", "LAB"])
def test_what_pillow_writes(tmp_path, mode, compression):
    """By Pillow's own reading, which is right for 8 bits."""
    ramp = np.stack(np.broadcast_arrays(*np.ogrid[20:200:24j, 240:30:32j], 90, 255), -1)
    image = Image.fromarray(ramp[..., :3].astype(np.uint8))
    profile = None
    if mode == "LAB":
        spaces = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, *spaces, outputMode="LAB")
    else:
        image = image.convert(mode)
    try:
        image.save(tmp_path / "x.tif", compression=compression, icc_profile=profile)
    except OSError:
        pytest.skip("Pillow does not write this")
    with Image.open(tmp_path / "x.tif") as opened:
        if mode == "LAB":
            exact = {"flags": ImageCms.Flags.NOOPTIMIZE}
            expected = ImageCms.profileToProfile(opened, *spaces[::-1], outputMode="RGB", **exact)
        else:
            expected = opened.convert("RGB")
    try:
        found = read(tmp_path / "x.tif")
    except UserError as error:
        assert compression == "jpeg", error  # noqa: PT017 - all others are read
        assert mode in ("RGBA", "LA", "P", "1", "LAB")
    else:
        atol = 2.5 / 255 if mode in ("LAB", "CMYK") else 1e-6
        np.testing.assert_allclose(found, np.asarray(expected) / 255, atol=atol)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
@pytest.mark.parametrize("photometric", [WHITE_IS_0, BLACK_IS_0])
@pytest.mark.parametrize("orientation", [1, 6])
def test_fax(tmp_path, compression, photometric, orientation):
    drawn = np.zeros((24, 40), bool)
    drawn[4:9, 3:30] = True
    stored = np.ascontiguousarray(STORED[orientation](drawn))
    image = Image.fromarray(~stored if photometric == WHITE_IS_0 else stored)
    options = {"tiffinfo": {274: orientation, 262: photometric}, "compression": compression}
    image.save(tmp_path / "x.tif", **options)
    with tifffile.TiffFile(tmp_path / "x.tif") as file:
        assert file.pages[0].photometric == photometric
    with Image.open(tmp_path / "x.tif") as opened:
        expected = np.asarray(opened.convert("RGB")) / 255
    np.testing.assert_array_equal(read(tmp_path / "x.tif"), expected)
    assert {tuple(each) for each in expected.reshape(-1, 3)} == {(0, 0, 0), (1, 1, 1)}


@pytest.mark.parametrize("bits", [8, 16])
def test_cie_lab(tmp_path, bits):
    color = GENERATOR.integers(20, 230, (*SIZE, 3)).astype(np.uint8)
    spaces = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(Image.fromarray(color), *spaces, outputMode="LAB")
    samples = np.asarray(lab).astype(np.int64)
    if bits == 16:
        signed = samples[..., 1:].astype(np.uint8).view(np.int8).astype(np.int64)
        samples = np.concatenate([257 * samples[..., :1], 256 * signed & 65535], axis=-1)
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, Kind(LAB, bits)))
    exact = {"flags": ImageCms.Flags.NOOPTIMIZE}
    back = ImageCms.profileToProfile(lab, *spaces[::-1], outputMode="RGB", **exact)
    np.testing.assert_allclose(read(tmp_path / "x.tif"), np.asarray(back) / 255, atol=1.5 / 255)


def test_ycbcr(tmp_path, refused):
    color = Image.fromarray(GENERATOR.integers(0, 256, (*SIZE, 3)).astype(np.uint8))
    samples = np.asarray(color.convert("YCbCr"))
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, Kind(YCBCR, tags={530: (1, 1)})))
    expected = np.asarray(color.convert("YCbCr").convert("RGB")) / 255
    np.testing.assert_allclose(read(tmp_path / "x.tif"), expected, atol=1.01 / 255)
    (tmp_path / "y.tif").write_bytes(tiff_file(samples, Kind(YCBCR)))
    with refused("y.tif has YCbCr that is subsampled"):
        read(tmp_path / "y.tif")


@pytest.mark.parametrize("space", [BLACK_IS_0, RGB])
@pytest.mark.parametrize("curve", ["linear", "gamma", "points", "srgb"])
def test_profiles_at_every_depth(tmp_path, space, curve):
    """By Little CMS, on the 8 bits that it takes."""
    made = {
        "linear": profiles.gamma(1),
        "gamma": profiles.gamma(1.8),
        "points": profiles.points([0, 0.2, 0.45, 1]),
        "srgb": profiles.srgb_curve(),
    }[curve]
    profile = (
        profiles.gray_profile(made)
        if space == BLACK_IS_0
        else profiles.color_profile("adobe", made)
    )
    levels = np.arange(256).reshape(8, 32, 1) if space == BLACK_IS_0 else random_samples(3, 8)
    image = Image.fromarray(levels.astype(np.uint8).squeeze())
    expected = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
        flags=ImageCms.Flags.NOOPTIMIZE,
    )
    for bits, is_separate in ((8, False), (16, False), (16, True)):
        samples = levels * ((2**bits - 1) // 255)
        kind = Kind(space, bits, is_separate=is_separate, tags={34675: profile})
        (tmp_path / "x.tif").write_bytes(tiff_file(samples, kind))
        found = read(tmp_path / "x.tif")
        np.testing.assert_allclose(found, np.asarray(expected) / 255, atol=1.2 / 255)
    assert np.abs(np.asarray(expected) - levels).max() > 10 or curve == "srgb"


def test_a_profile_of_another_space_is_passed_over(tmp_path):
    samples = random_samples(3, 16)
    tags = {34675: profiles.gray_profile(profiles.gamma(1))}
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, Kind(RGB, 16, tags=tags)))
    np.testing.assert_allclose(read(tmp_path / "x.tif"), samples / 65535, atol=1e-6)


@pytest.mark.parametrize(
    ("made", "channels", "what"),
    [
        (Kind(RGB, tags={254: (1,)}), 3, "begins with a small picture"),
        (Kind(RGB, tags={255: (2,)}), 3, "begins with a small picture"),
        (Kind(RGB, tags={50706: b"\1\4\0\0"}), 3, "is a camera's raw file"),
        (Kind(32803, 16), 1, "is a camera's raw file"),
        (Kind(34892, 16), 3, "is a camera's raw file"),
        (Kind(BLACK_IS_0, 32), 1, "32-bit integers from 1 to 60000"),
        (Kind(BLACK_IS_0, 32, SIGNED), 1, "32-bit integers from -2000000000 to 60000"),
        (Kind(BLACK_IS_0, 16, SIGNED), 1, "signed integers of 16 bits"),
        (Kind(BLACK_IS_0, 8), 3, "has 3 channels and says nothing of their colors"),
        (Kind(RGB, 8), 2, "has 2 channels and says nothing of their colors"),
        (Kind(CMYK, tags={332: (2,)}), 4, "other inks than CMYK"),
        (Kind(32845, 16), 3, "photometric interpretation 32845"),
        (Kind(RGB, tags={259: (34887,)}), 3, "compression LERC, which is not read"),
        (Kind(RGB, 16, tags={259: (7,)}), 3, "compression JPEG, which is not read"),
        (Kind(RGB, tags={258: (8, 8, 16)}), 3, "channels of"),
    ],
)
def test_what_is_not_read_is_refused_with_a_reason(tmp_path, refused, made, channels, what):
    samples = np.full((*SIZE, channels), 60000 if made.bits > 8 else 99)
    samples[0, 0] = -2_000_000_000 if made.kind == SIGNED and made.bits == 32 else 1
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, made))
    with refused(f"^[^:]*x.tif .*{what}"):
        read(tmp_path / "x.tif")


@pytest.mark.parametrize("ending", ["dng", "nef", "cr2", "ARW", "pef"])
def test_a_cameras_raw_file_is_refused_by_its_name(tmp_path, refused, ending):
    tifffile.imwrite(tmp_path / f"x.{ending}", np.zeros((*SIZE, 3), np.uint8), photometric="rgb")
    with refused(f"x.{ending} is a camera's raw file: develop it first"):
        read(tmp_path / f"x.{ending}")


def test_a_small_picture_above_a_large_one_is_refused(tmp_path, refused):
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        writer.write(np.zeros((*SIZE, 3), np.uint8), photometric="rgb", subifds=1)
        writer.write(np.zeros((50, 60), np.uint16), photometric="minisblack")
    with refused("begins with a small picture to look at, as cameras' raw files do"):
        read(tmp_path / "x.tif")


def test_the_first_of_several_pages_and_of_a_pyramid_is_read(tmp_path):
    first = GENERATOR.integers(0, 256, (32, 48, 3)).astype(np.uint8)
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        writer.write(first, photometric="rgb", subifds=1)
        writer.write(first[::2, ::2], photometric="rgb", subfiletype=1)
        writer.write(255 - first, photometric="rgb")
    np.testing.assert_allclose(read(tmp_path / "x.tif"), first / 255, atol=1e-6)


@pytest.mark.parametrize("compression", [NONE, DEFLATE, LZW, PACKBITS])
@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_file_that_is_cut_short_is_refused(tmp_path, refused, compression, segment, bits):
    samples = random_samples(3, bits)
    content = tiff_file(samples, Kind(RGB, bits, compression=compression, segment=segment))
    # As a writer does that ends in the middle: the directory is there, and data are not.
    start = int.from_bytes(content[4:8], "little")
    for lost in (1, 40):
        data = content[8 : start - lost - 1]
        moved = content[:4] + (8).to_bytes(4, "little")
        assert data
        (tmp_path / "x.tif").write_bytes(moved + content[start:])
        with refused("x.tif"):
            read(tmp_path / "x.tif")


def test_a_small_file_asks_for_no_gigabytes(tmp_path, refused):
    for compression in (NONE, DEFLATE, LZW):
        made = Kind(RGB, 16, compression=compression, tags={256: (13000,), 257: (13000,)})
        (tmp_path / "x.tif").write_bytes(tiff_file(random_samples(3, 16), made))
        with refused("x.tif"):
            read(tmp_path / "x.tif")
    made = Kind(RGB, 16, tags={256: (130000,), 257: (13000,)})
    (tmp_path / "x.tif").write_bytes(tiff_file(random_samples(3, 16), made))
    with refused("x.tif is too large to read"):
        read(tmp_path / "x.tif")
