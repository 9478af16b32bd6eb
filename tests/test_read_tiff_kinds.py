"""TIFF in special ways: what Pillow writes, fax, CIE Lab, profiles, and what is refused and why."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from reference import profiles
from reference.orientations import STORED
from reference.tiff_files import (
    BLACK_IS_0,
    CMYK,
    DEFLATE,
    LAB,
    LZW,
    NONE,
    PACKBITS,
    RGB,
    SIGNED,
    SIZE,
    WHITE_IS_0,
    YCBCR,
    Kind,
    random_samples,
    tiff_file,
)

from nstjax import UserError
from nstjax.images import read
from nstjax.images.decode import tiff_colors

GENERATOR = np.random.default_rng(17)


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
        (Kind(RGB, tags={258: (8, 8, 16)}), 3, r"channels of \[8, 16\] bits"),
        (Kind(RGB, tags={258: tuple(range(900))}), 3, r"channels of \[0, 1, 2, 3\] bits"),
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
@pytest.mark.parametrize(("segment", "counts"), [(None, 279), ((16, 16), 325)])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_strip_or_tile_that_is_cut_short_is_refused(
    tmp_path, refused, compression, segment, counts, bits
):
    samples = random_samples(3, bits)
    made = Kind(RGB, bits, compression=compression, segment=segment, tags={counts: (150,)})
    (tmp_path / "x.tif").write_bytes(tiff_file(samples, made))
    with refused("x.tif: .*; the file may be damaged"):
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


def test_the_words_of_icc_lab_above_its_range_mean_its_most():
    words = np.array([[[65535, 32768, 65400], [65280, 32768, 65280]]], np.uint16)
    most, same = tiff_colors._lab(words, is_signed=False)[0]
    np.testing.assert_array_equal(most, same)
