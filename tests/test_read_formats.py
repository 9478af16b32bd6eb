"""PNG, JPEG, BMP, GIF and WebP over all that they can be: the right pixels, or one clear refusal."""

import io
import itertools
import struct
import zlib

import numpy as np
import png
import pytest
from PIL import Image
from reference import profiles

from nstjax.images import read, read_comment, read_mask, read_picture, write

GENERATOR = np.random.default_rng(16)
SIZE = 5, 7
LINEAR_GRAY = profiles.gray_profile(profiles.gamma(1))


def over_white(color, alpha):
    return np.broadcast_to(color * alpha + 1 - alpha, (*color.shape[:2], 3))


def encoded(linear):
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def insert(path, *chunks):
    """Puts chunks behind the header of a PNG file."""
    content = path.read_bytes()
    path.write_bytes(content[:33] + b"".join(chunks) + content[33:])


def icc(profile):
    return chunk(b"iCCP", b"name\0\0" + zlib.compress(profile))


GRAYS = [(bits, 1, False) for bits in (1, 2, 4, 8, 16)]
OTHERS = [(bits, *kind) for bits in (8, 16) for kind in ((1, True), (3, False), (3, True))]


@pytest.mark.parametrize(("bits", "colors", "has_alpha"), GRAYS + OTHERS)
def test_every_png(tmp_path, bits, colors, has_alpha):
    path = tmp_path / "x.png"
    for interlace, has_key, profile, orientation in itertools.product(
        (False, True), (False, True), (b"", LINEAR_GRAY), (1, 8)
    ):
        if has_key and has_alpha:
            continue
        samples = GENERATOR.integers(0, 2**bits, (*SIZE, colors + has_alpha))
        key = samples[1, 2].tolist()
        options = {"transparent": key[0] if colors == 1 else tuple(key)} if has_key else {}
        stored = samples if orientation == 1 else np.rot90(samples, -1)
        writer = png.Writer(
            *stored.shape[1::-1],
            greyscale=colors == 1,
            alpha=has_alpha,
            bitdepth=bits,
            interlace=interlace,
            **options,
        )
        with path.open("wb") as file:
            writer.write(file, stored.reshape(len(stored), -1).tolist())
        if profile:
            insert(path, icc(profile))
        insert(path, chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0%c\0\0\0" % orientation))
        unit = samples / (2.0**bits - 1)
        color, alpha = unit[..., :colors], unit[..., colors:] if has_alpha else 1.0
        if profile and colors == 1:
            color = encoded(color)
        if has_key:
            alpha = (samples != key).any(axis=-1, keepdims=True).astype(float)
        found = read_picture(path)
        # Little CMS rounds to 8 bits where it is asked.
        np.testing.assert_allclose(found.pixels, over_white(color, alpha), atol=2e-6)
        if has_alpha or has_key:
            np.testing.assert_allclose(found.alpha, np.asarray(alpha)[..., 0], atol=1e-6)
        else:
            assert found.alpha is None


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_every_palette(tmp_path, bits):
    path = tmp_path / "x.png"
    for interlace, has_alpha, is_gray, profile in itertools.product(
        (False, True), (False, True), (False, True), (b"", LINEAR_GRAY)
    ):
        palette = GENERATOR.integers(0, 256, (2**bits, 4))
        if is_gray:
            palette[:, 1:3] = palette[:, :1]
        if not has_alpha:
            palette[:, 3] = 255
        places = GENERATOR.integers(0, 2**bits, SIZE)
        named = [tuple(map(int, each[: 3 + has_alpha])) for each in palette]
        writer = png.Writer(*SIZE[::-1], palette=named, bitdepth=bits, interlace=interlace)
        with path.open("wb") as file:
            writer.write(file, places.tolist())
        if profile:
            insert(path, icc(profile))
        shown = palette[places] / 255
        color, alpha = shown[..., :3], shown[..., 3:]
        if profile and is_gray:  # of another palette it says nothing
            color = encoded(color)
        np.testing.assert_allclose(read(path), over_white(color, alpha), atol=2e-6)


def test_a_mask_of_16_bits_and_color_is_read(tmp_path):
    samples = np.zeros((4, 6, 3), np.uint16)
    samples[:2, :, 0], samples[2:, :, 2] = 65535, 65535
    writer = png.Writer(6, 4, greyscale=False, bitdepth=16)
    with (tmp_path / "x.png").open("wb") as file:
        writer.write(file, samples.reshape(4, -1).tolist())
    assert read_mask(tmp_path / "x.png").colors == ("#0000ff", "#ff0000")


LONG = 3 << 20


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"tEXt", b"Comment\0" + bytes([65]) * LONG)] * 30,
        [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes([65]) * LONG))],
        [chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(bytes([65]) * LONG))],
        [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes([65]) * (1 << 20)))] * 70,
    ],
)
@pytest.mark.parametrize("end", [False, True])
def test_long_texts_are_passed_over(tmp_path, chunks, end):
    pixels = GENERATOR.random((*SIZE, 3), np.float32)
    path = tmp_path / "x.png"
    write(path, pixels, comment="ours")
    expected = read(path)
    if end:
        content = path.read_bytes()
        path.write_bytes(content[:-12] + b"".join(chunks) + content[-12:])
    else:
        insert(path, *chunks)
    np.testing.assert_array_equal(read(path), expected)
    assert read_comment(path) == "ours"


def test_a_long_profile_is_applied(tmp_path):
    gray = GENERATOR.integers(0, 256, SIZE).astype(np.uint8)
    Image.fromarray(gray).save(tmp_path / "x.png")
    insert(tmp_path / "x.png", icc(LINEAR_GRAY + bytes(LONG)))
    expected = np.broadcast_to(encoded(gray / 255)[..., np.newaxis], (*SIZE, 3))
    np.testing.assert_allclose(read(tmp_path / "x.png"), expected, atol=2e-6)


def test_a_profile_that_would_fill_the_memory_is_refused(tmp_path, refused):
    Image.new("L", SIZE).save(tmp_path / "x.png")
    insert(tmp_path / "x.png", icc(bytes(70 << 20)))
    with refused("x.png has a color profile of over 64 MiB"):
        read(tmp_path / "x.png")


# A picture that JPEG keeps well: one that is smooth.
SMOOTH = np.stack(np.broadcast_arrays(*np.ogrid[20:200:120j, 240:30:160j], 90), -1).astype(np.uint8)
MODES = ("L", "RGB", "CMYK")


def jpeg(mode, **options):
    file = io.BytesIO()
    Image.fromarray(SMOOTH).convert(mode).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("progressive", [False, True])
def test_every_jpeg(tmp_path, mode, progressive):
    for subsampling, restart, profile in itertools.product((0, 2), (0, 1), (b"", LINEAR_GRAY)):
        options = {
            "subsampling": subsampling,
            "restart_marker_rows": restart,
            "icc_profile": profile,
        }
        (tmp_path / "x.jpg").write_bytes(jpeg(mode, progressive=progressive, **options))
        shown = np.asarray(Image.fromarray(SMOOTH).convert(mode).convert("RGB")) / 255
        if profile and mode == "L":
            shown = encoded(shown)
        np.testing.assert_allclose(read(tmp_path / "x.jpg"), shown, atol=6 / 255)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.9, 0.95])
def test_a_jpeg_that_lacks_more_is_refused(tmp_path, refused, mode, progressive, part):
    content = jpeg(mode, progressive=progressive)
    (tmp_path / "x.jpg").write_bytes(content[: int(part * len(content))])
    with refused("x.jpg"):
        read(tmp_path / "x.jpg")


def test_a_progressive_jpeg_without_its_last_scans_is_refused(tmp_path, refused):
    content = jpeg("RGB", progressive=True)
    scans = [place for place in range(len(content)) if content[place : place + 2] == b"\xff\xda"]
    assert len(scans) > 4
    for place in scans[1:]:
        (tmp_path / "x.jpg").write_bytes(content[:place])
        with refused("x.jpg"):
            read(tmp_path / "x.jpg")


def bitmap(bits, rows, *, palette=b"", is_upright=False, compression=0, masks=b""):
    height, width = (-SIZE[0] if is_upright else SIZE[0]), SIZE[1]
    data = rows if isinstance(rows, bytes) else b"".join(row + bytes(-len(row) % 4) for row in rows)
    start = 14 + 40 + len(masks) + len(palette)
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0,
                       len(palette) // 4, 0)  # fmt: skip
    return head + info + masks + palette + data


@pytest.mark.parametrize("is_upright", [False, True])
@pytest.mark.parametrize("bits", [1, 4, 8, 16, 24, 32])
def test_every_bitmap(tmp_path, bits, is_upright):
    turn = slice(None) if is_upright else slice(None, None, -1)
    if bits <= 8:
        colors = GENERATOR.integers(0, 256, (2**bits, 3), np.uint8)
        places = GENERATOR.integers(0, 2**bits, SIZE)
        packed = places[..., np.newaxis] >> np.arange(bits - 1, -1, -1) & 1
        rows = [np.packbits(row.astype(np.uint8).ravel()).tobytes() for row in packed[turn]]
        palette = np.pad(colors[:, ::-1], ((0, 0), (0, 1))).tobytes()
        shown = colors[places] / 255
    elif bits == 16:
        fives = GENERATOR.integers(0, 32, (*SIZE, 3))
        words = (fives * [1024, 32, 1]).sum(axis=-1).astype("<u2")
        rows, palette, shown = [row.tobytes() for row in words[turn]], b"", fives / 31
    else:
        color = GENERATOR.integers(0, 256, (*SIZE, 3), np.uint8)
        whole = np.pad(color[..., ::-1], ((0, 0), (0, 0), (0, bits // 8 - 3)))
        rows, palette, shown = [row.tobytes() for row in whole[turn]], b"", color / 255
    (tmp_path / "x.bmp").write_bytes(bitmap(bits, rows, palette=palette, is_upright=is_upright))
    atol = 1.01 / 255 if bits == 16 else 1e-6
    np.testing.assert_allclose(read(tmp_path / "x.bmp"), shown, atol=atol)


def test_a_bitmap_of_runs(tmp_path):
    colors = GENERATOR.integers(0, 256, (256, 3), np.uint8)
    places = np.repeat(GENERATOR.integers(0, 256, (SIZE[0], 1)), SIZE[1], axis=1)
    runs = b"".join(bytes([SIZE[1], row[0], 0, 0]) for row in places[::-1]) + b"\0\1"
    palette = np.pad(colors[:, ::-1], ((0, 0), (0, 1))).tobytes()
    (tmp_path / "x.bmp").write_bytes(bitmap(8, runs, palette=palette, compression=1))
    np.testing.assert_allclose(read(tmp_path / "x.bmp"), colors[places] / 255, atol=1e-6)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_the_first_frame_with_its_transparency(tmp_path, ending):
    first = np.zeros((*SIZE, 4), np.uint8)
    first[..., 0], first[1:3, 2:5, 3], first[1:3, 2:5, 1] = 255, 255, 102
    frames = [Image.fromarray(each) for each in (first, first[::-1].copy(), first[:, ::-1].copy())]
    options = {"lossless": True, "exact": True} if ending == "webp" else {}
    frames[0].save(tmp_path / f"x.{ending}", save_all=True, append_images=frames[1:], **options)
    found = read_picture(tmp_path / f"x.{ending}")
    alpha = first[..., 3:] / 255
    np.testing.assert_allclose(found.pixels, over_white(first[..., :3] / 255, alpha), atol=1e-6)
    np.testing.assert_array_equal(found.alpha, alpha[..., 0])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"FUJIFILMCCD-RAW 0201", "is a camera's raw file"),
        (b"IIRO\x08\0\0\0", "is a camera's raw file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "is a camera's raw file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "is HEIC, which is not read: save it as JPEG"),
    ],
)
def test_files_of_cameras_that_are_not_read(tmp_path, refused, content, what):
    (tmp_path / "x").write_bytes(content + bytes(99))
    with refused(f"x {what}"):
        read(tmp_path / "x")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "FITS",
            b"".join(
                f"{key:8}= {value:>20}".ljust(80).encode()
                for key, value in (
                    ("SIMPLE", "T"),
                    ("BITPIX", 16),
                    ("NAXIS", 2),
                    ("NAXIS1", 4),
                    ("NAXIS2", 3),
                    ("BZERO", 32768),
                )
            )
            + b"END".ljust(2400)
            + bytes(2880),
        ),
        ("GRIB", b"GRIB\0\0\0\1" + bytes(90)),
        ("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(90)),
        ("BUFR", b"BUFR" + bytes(90)),
    ],
)
def test_formats_of_other_numbers_than_gray_levels_are_refused(tmp_path, refused, name, content):
    (tmp_path / "x").write_bytes(content)
    with refused(f"x is {name}, whose numbers are no gray levels: save it as PNG or TIFF first$"):
        read(tmp_path / "x")
