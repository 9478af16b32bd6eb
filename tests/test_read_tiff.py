"""TIFF over the product of all that it can be: the right pixels, or one clear refusal."""

import itertools

import numpy as np
import pytest
import tifffile
from reference.orientations import STORED
from reference.tiff_files import (
    BLACK_IS_0,
    CMYK,
    DEFLATE,
    FLOAT,
    LZW,
    NONE,
    PACKBITS,
    PALETTE,
    RGB,
    SIZE,
    WHITE_IS_0,
    Kind,
    random_samples,
    tiff_file,
)

from nstjax.images import read, read_picture
from nstjax.images.files.read import read_values

GENERATOR = np.random.default_rng(15)
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


# Gray of more than two channels is refused, and nobody multiplies inks.
@pytest.mark.parametrize(
    ("photometric", "extra"),
    [
        (photometric, extra)
        for photometric, extra in itertools.product((BLACK_IS_0, WHITE_IS_0, RGB, CMYK), ALPHAS)
        if (len(extra) < 2 or photometric == RGB) and (extra != (1,) or photometric != CMYK)
    ],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_extra_samples(tmp_path, photometric, bits, extra):
    channels = COLORS[photometric]
    samples = random_samples(channels + len(extra), bits)
    most = 2**bits - 1
    alpha = samples[..., -1:] / most
    if ALPHAS[extra] == "associated":
        color = samples[..., :channels].copy()
        shown = as_shown(color, photometric, bits, None)
        samples[..., :channels] = np.rint(alpha * color)
        if photometric == WHITE_IS_0:
            samples[..., :channels] = most - np.rint(alpha * (most - color))
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
