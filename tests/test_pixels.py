"""Arrays to pixels and back to bytes."""

import io
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageCms
from reference import profiles

from nstjax.images import to_bytes, to_pixels

TINY = [[0, 0.25, 1]]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.uint8([[0, 51, 255]]), [0, 0.2, 1]),
        (np.uint16([[0, 13107, 65535]]), [0, 0.2, 1]),
        (np.array([[0, 13107, 65535]], ">u2"), [0, 0.2, 1]),
        (np.uint32([[0, 2**32 - 1]]), [0, 1]),
        (np.array([[False, True]]), [0, 1]),
        (np.float16(TINY), [0, 0.25, 1]),
        (np.float32(TINY), [0, 0.25, 1]),
        (np.float64(TINY), [0, 0.25, 1]),
        (jnp.array(TINY, jnp.float32), [0, 0.25, 1]),
        (jnp.array(TINY, jnp.bfloat16), [0, 0.25, 1]),
        (jnp.array([[0, 255]], jnp.uint8), [0, 1]),
        (TINY, [0, 0.25, 1]),
        (np.float32([[-0.0005, 1.0005]]), [0, 1]),  # what is left of resizing and rounding
    ],
)
def test_every_type_becomes_floats_of_the_unit_interval(image, expected):
    found = to_pixels(image)
    assert found.dtype == np.float32
    assert found.shape == (1, len(expected), 3)
    for channel in range(3):
        np.testing.assert_allclose(found[0, :, channel], expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_gray_becomes_three_equal_channels(shape):
    gray = np.random.default_rng(0).random(shape, np.float32)
    found = to_pixels(gray)
    np.testing.assert_array_equal(found, np.stack([gray.reshape(2, 3)] * 3, axis=-1))
    found[0, 0, 0] = 0.5  # an array of its own, each channel with memory of its own
    assert found[0, 0, 1] == gray.ravel()[0]


def test_color_is_kept():
    color = np.random.default_rng(0).random((2, 3, 3), np.float32)
    np.testing.assert_array_equal(to_pixels(color), color)


def test_alpha_is_laid_over_white():
    image = np.float32([[[0.2, 0.4, 0.6, 1], [0.2, 0.4, 0.6, 0], [0.2, 0.4, 0.6, 0.5]]])
    expected = [[[0.2, 0.4, 0.6], [1, 1, 1], [0.6, 0.7, 0.8]]]
    np.testing.assert_allclose(to_pixels(image), expected, rtol=1e-6)
    np.testing.assert_allclose(
        to_pixels(np.uint8([[[0, 51, 255, 51]]])), [[[0.8, 0.84, 1]]], rtol=1e-6
    )


@pytest.mark.parametrize(
    "shape", [(), (3,), (2, 2, 2), (2, 2, 5), (1, 2, 2, 3), (0, 2), (2, 0, 3), (2, 2, 0)]
)
def test_other_shapes_are_refused(refused, shape):
    with refused(r"^content has shape \(.*give \(height, width\) or"):
        to_pixels(np.zeros(shape), "content")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.01, 1.01, 255.0, 1e300])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floats_outside_the_unit_interval_are_refused(refused, value, kind):
    image = np.zeros((2, 2, 3))
    image[1, 1, 2] = value
    with np.errstate(over="ignore"):
        image = image.astype(kind)
    with refused("^image has floats outside .0, 1."):
        to_pixels(image)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 255, "from 0 to 255: divide by 255"),
        (0.5, 65535, "from 0.5 to 65535: divide by 65535"),
        (-1, 1, "from -1 to 1: add 1 and divide by 2"),
        (-2.5, 2.5, "from -2.5 to 2.5: bring them into"),
        (0, 1e6, "from 0 to 1e.06: divide by the largest"),
        (0, np.inf, "6 of 12 are infinite; replace them"),
        (0, np.nan, "6 of 12 are NaN; replace them"),
    ],
)
@pytest.mark.parametrize("kind", [np.float32, np.float64, jnp.bfloat16])
def test_it_is_said_what_was_found(refused, low, high, words, kind):
    if kind == jnp.bfloat16 and high in (255, 65535, 1e6):
        pytest.skip("rounded")
    image = np.full((2, 2, 3), float(high))
    image[0] = low
    with refused(words):
        to_pixels(image.astype(kind))


# A picture in every mode of Pillow's, from one in color.
RAMP = np.stack(np.broadcast_arrays(*np.ogrid[20:200:12j, 240:30:16j], 90), -1).astype(np.uint8)
COLORED = Image.fromarray(RAMP)
GRAY = np.asarray(COLORED.convert("L"))
BY_MODE = {
    "1": COLORED.convert("1"),
    "L": COLORED.convert("L"),
    "LA": COLORED.convert("LA"),
    "La": COLORED.convert("LA").convert("La"),
    "P": COLORED.quantize(200),
    "PA": COLORED.quantize(200).convert("PA"),
    "RGB": COLORED,
    "RGBA": COLORED.convert("RGBA"),
    "RGBa": COLORED.convert("RGBA").convert("RGBa"),
    "RGBX": COLORED.convert("RGBX"),
    "CMYK": COLORED.convert("CMYK"),
    "YCbCr": COLORED.convert("YCbCr"),
    "HSV": COLORED.convert("HSV"),
    "I;16": Image.fromarray(GRAY.astype(np.uint16) * 257),
    "I;16B": Image.frombytes("I;16B", COLORED.size, (GRAY.astype(">u2") * 257).tobytes()),
    "I": Image.fromarray(GRAY.astype(np.int32) * 257),
    "F": Image.fromarray(GRAY / np.float32(255)),
}


@pytest.mark.parametrize("mode", BY_MODE)
def test_a_picture_of_pillows_in_every_mode(mode):
    image = BY_MODE[mode]
    assert image.mode == mode
    is_gray = mode in ("L", "LA", "La", "I;16", "I;16B", "I", "F")
    expected = np.stack([GRAY] * 3, axis=-1) / 255 if is_gray else RAMP / 255
    if mode in ("1", "P", "PA"):
        expected = np.asarray(image.convert("RGB")) / 255
    np.testing.assert_allclose(to_pixels(image), expected, atol=4 / 255)


def test_a_lab_picture_of_pillows():
    spaces = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(COLORED, *spaces, outputMode="LAB")
    exact = {"flags": ImageCms.Flags.NOOPTIMIZE}
    back = ImageCms.profileToProfile(lab, *spaces[::-1], outputMode="RGB", **exact)
    np.testing.assert_allclose(to_pixels(lab), np.asarray(back) / 255, atol=1.5 / 255)


def test_alpha_orientation_and_profile_of_pillows_pictures_count():
    image = COLORED.convert("RGBA")
    image.putalpha(51)
    np.testing.assert_allclose(to_pixels(image), RAMP / 255 * 0.2 + 0.8, atol=1e-6)
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(RAMP)))
    turned.getexif()[0x112] = 6
    np.testing.assert_allclose(to_pixels(turned), RAMP / 255, atol=1e-6)
    gray = COLORED.convert("L")
    gray.info["icc_profile"] = profiles.gray_profile(profiles.gamma(1))
    assert to_pixels(gray).mean() > to_pixels(COLORED.convert("L")).mean() + 0.1


def test_numbers_of_pillows_that_have_no_white_are_refused(refused):
    with refused("image has 32-bit integers from 0 to 70000"):
        to_pixels(Image.fromarray(np.array([[0, 70000]], np.int32)))
    with refused("image has floats outside .0, 1., from 0 to 255"):
        to_pixels(Image.fromarray(np.array([[0, 255]], np.float32)))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (COLORED.convert("I"), r"32-bit integers from .*image.convert\('L'\)"),
        (np.uint32([[0, 255]]), r"uint32 and numbers from 0 to 255, .*image.astype\('uint8'\)"),
        (np.uint64([[3, 60000]]), r"uint64 and numbers from 3 to 60000, .*astype\('uint16'\)"),
        (np.uint32([[0, 2**20]]), "divide by the largest possible value"),
        (Image.new("RGB", (0, 0)), "has no pixels: its size is 0x0"),
        (np.float32([[-np.inf, np.nan]]), "1 of 2 are NaN"),
    ],
)
def test_pictures_of_an_unknown_range_or_of_none_are_refused(refused, image, words):
    with refused(f"^image .*{words}"):
        to_pixels(image)


def test_a_closed_picture_is_told_so(refused):
    image = COLORED.copy()
    image.close()
    with refused("^image is closed: open it again$"):
        to_pixels(image)


def test_a_picture_that_was_not_read_before_its_file_was_closed_is_told_so(tmp_path, refused):
    COLORED.save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        pass
    with refused("^image is closed: open it again$"):
        to_pixels(image)


class Tensor:
    """What PyTorch's tensors have, for a machine without it."""

    def __init__(self, values, kind="torch.float32"):
        self.values, self.dtype, self.steps = values, kind, []

    def detach(self):
        self.steps.append("detach")
        return self

    def cpu(self):
        self.steps.append("cpu")
        return self

    def float(self):
        return Tensor(self.values)

    def numpy(self):
        if "bfloat16" in str(self.dtype):
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.values

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on a tensor that requires grad")


@pytest.mark.parametrize("kind", ["torch.float32", "torch.bfloat16"])
def test_tensors_that_numpy_cannot_take_are_taken(kind):
    tensor = Tensor(np.random.default_rng(0).random((4, 5, 3), np.float32), kind)
    np.testing.assert_array_equal(to_pixels(tensor), tensor.values)
    assert tensor.steps == ["detach", "cpu"]


def test_pytorchs_own_tensors_are_taken(refused):
    torch = pytest.importorskip("torch")
    values = torch.rand(4, 5, 3)
    np.testing.assert_array_equal(to_pixels(values.clone().requires_grad_()), values.numpy())
    expected = values.to(torch.bfloat16).float().numpy()
    np.testing.assert_array_equal(to_pixels(values.to(torch.bfloat16)), expected)
    with refused("put the channels last, with image.permute"):
        to_pixels(torch.rand(3, 20, 30))
    with refused(r"image.to\(torch.uint8\)$"):
        to_pixels(torch.zeros((4, 5, 3), dtype=torch.int64))


@pytest.mark.parametrize(
    ("image", "what"),
    [
        ("photo.jpg", "'photo.jpg' and no array: use nstjax.images.read"),
        (Path("a", "photo.jpg"), "and no array: use nstjax.images.read"),
        (b"\xff\xd8\xff", "of type bytes and no array: use nstjax.images.read"),
        (io.BytesIO(), "of type BytesIO and no array: use nstjax.images.read"),
        (None, "of type NoneType and no array"),
        ({}, "of type dict and no array"),
        (object(), "of type object and no array"),
        ([[1, 2], [3]], "of type list, which makes no array"),
        (np.ma.masked_array([[0.5, 0.5]], [[True, False]]), "a masked array: fill it first"),
    ],
)
def test_what_is_no_array_is_refused(refused, image, what):
    with refused(f"^the content picture is .*{what}"):
        to_pixels(image, "the content picture")


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((3, 20, 30), "; put the channels last, with image.permute"),
        ((1, 3, 20, 30), "; take the first of the batch, image.0., and put the channels last"),
        ((1, 20, 30, 3), "; take the first of the batch, image.0.$"),
        ((2, 20, 30), r"1, 3 or 4\)$"),
    ],
)
def test_pictures_that_lie_otherwise_are_told_how_to_turn(refused, shape, advice):
    with refused(advice):
        to_pixels(np.zeros(shape, np.float32))


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.complex64, "S3", "U3", object])
def test_other_types_are_refused(refused, kind):
    with refused(f"^image has type {np.dtype(kind)}: give unsigned integers or floats"):
        to_pixels(np.ones((2, 2), int).astype(kind))


def test_negative_integers_are_refused(refused):
    with refused("type int64"):
        to_pixels(np.full((2, 2), -1, np.int64))


def test_bytes_survive_the_round_trip():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_bytes(to_pixels(every))[..., 0], every)


def test_bytes_are_rounded_to_nearest_and_kept_in_range():
    values = np.float32([-0.1, 0.0, 0.49 / 255, 0.51 / 255, 99.6 / 255, 254.4 / 255, 1.0, 1.1])
    found = to_bytes(values)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [0, 0, 0, 1, 100, 254, 255, 255])
    np.testing.assert_array_equal(to_bytes(jnp.array([0.0, 0.5, 1.0])), [0, 128, 255])
