"""Oklab beside numbers that others have published, and colors that sRGB has not."""

import numpy as np
import pytest

from nstjax.images.colors.oklab import from_oklab, to_oklab

RANDOM = np.random.default_rng(4)


@pytest.mark.parametrize(
    ("color", "expected"),  # CSS Color 4 and its tests
    [
        ((1, 1, 1), (1, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 1, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 1), (0.45201, -0.03246, -0.31153)),
        ((0, 128 / 255, 0), (0.51975, -0.14030, 0.10768)),
    ],
)
def test_known_colors(color, expected):
    np.testing.assert_allclose(to_oklab(np.float32([[color]]))[0, 0], expected, atol=2e-5)


def test_it_is_what_leads_over_cie_xyz():
    """The definition of 2020 itself, from XYZ under D65; the matrices of IEC 61966-2-1."""
    xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    first = [
        [0.8189330101, 0.3618667424, -0.1288597137],
        [0.0329845436, 0.9293118715, 0.0361456387],
        [0.0482003018, 0.2643662691, 0.6338517070],
    ]
    second = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    pixels = RANDOM.random((20, 20, 3), np.float32)
    linear = np.vectorize(lambda v: v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)(
        np.float64(pixels)
    )
    expected = np.cbrt(linear @ np.transpose(xyz) @ np.transpose(first)) @ np.transpose(second)
    np.testing.assert_allclose(to_oklab(pixels), expected, atol=1e-3)


def test_every_srgb_color_comes_back():
    steps = np.linspace(0, 1, 32, dtype=np.float32)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 32, 3)
    found = from_oklab(to_oklab(cube))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, cube, atol=1e-6)


def test_blue_grows_pale_without_a_leap():
    """Between gray and pure blue some colors lie barely outside sRGB, which is hollow there."""
    blue = to_oklab(np.float32([[[0, 0, 1]]]))
    paler = blue * np.stack([np.ones(41), *[np.linspace(0, 1, 41)] * 2], axis=-1)[np.newaxis]
    np.testing.assert_allclose(to_oklab(from_oklab(paler)), paler, atol=2e-3)


def outside():
    """Colors of any lightness with a chroma up to 0.57, where sRGB ends at 0.32."""
    opponents = RANDOM.uniform(-0.4, 0.4, (60, 60, 2))
    return np.concatenate([RANDOM.random((60, 60, 1)), opponents], axis=-1)


def test_what_srgb_has_not_keeps_its_lightness_and_hue():
    wanted = outside()
    pixels = from_oklab(wanted)
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    found = to_oklab(pixels)
    np.testing.assert_allclose(found[..., 0], wanted[..., 0], atol=2e-3)
    wanted_chroma, chroma = (np.linalg.norm(each[..., 1:], axis=-1) for each in (wanted, found))
    assert (chroma <= wanted_chroma + 1e-3).all()
    along = wanted[..., 1:] * (chroma / wanted_chroma)[..., np.newaxis]
    np.testing.assert_allclose(found[..., 1:], along, atol=2e-3)


def test_what_srgb_has_not_keeps_as_much_chroma_as_there_is():
    lab = outside()
    found = from_oklab(lab)
    changed = np.abs(to_oklab(found) - lab).max(-1) > 5e-3
    assert changed.mean() > 0.5
    # On the surface of the cube.
    edge = np.minimum(found.min(-1), 1 - found.max(-1))
    assert edge[changed].max() < 1e-3


def test_black_and_white_have_no_chroma():
    found = from_oklab(np.array([[[0, 0.1, 0.1], [1, 0.1, -0.1]]]))
    np.testing.assert_allclose(found, [[[0, 0, 0], [1, 1, 1]]], atol=1e-2)
