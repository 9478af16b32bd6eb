"""EXIF of a photograph on its painting, and the comment there."""

import struct

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from reference.inputs import picture

from nstjax.images import read_comment, read_picture, to_bytes, write
from nstjax.images.files.formats import endings

THUMBNAIL = b"\xff\xd8 a thumbnail \xff\xd9"
LATITUDE = (48.0, 31.0, 12.0)


def camera_exif(orientation=6):
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model] = "Maker", "Model 1"
    exif[Base.Orientation] = orientation
    exif[Base.Software] = "a darkroom"
    exif[IFD.Exif] = {
        Base.ExposureTime: 0.01,
        Base.LensModel: "Lens",
        Base.MakerNote: b"offsets of its own",
        Base.UserComment: b"ASCII\0\0\0a walk",
        Base.ExifImageWidth: 9,
    }
    exif[IFD.GPSInfo] = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: LATITUDE}
    return exif


def photograph(path, exif):
    Image.fromarray(to_bytes(picture(20, 30))).save(path, exif=exif)
    return path


def with_thumbnail(exif):
    """The same with a second directory, which holds a thumbnail behind everything else."""
    packed = bytearray(exif.tobytes()[6:])
    (count,) = struct.unpack_from(">H", packed, 8)
    struct.pack_into(">I", packed, 10 + 12 * count, len(packed))
    at = len(packed) + 2 + 2 * 12 + 4
    entries = (0x201, 4, 1, at), (0x202, 4, 1, len(THUMBNAIL))
    packed += struct.pack(">H", 2) + b"".join(struct.pack(">HHII", *each) for each in entries)
    return b"Exif\0\0" + bytes(packed) + bytes(4) + THUMBNAIL


DEPTHS = [(ending, 8) for ending in endings()] + [(".png", 16), (".tif", 16)]


@pytest.mark.parametrize(("ending", "bit_depth"), DEPTHS)
def test_a_painting_keeps_what_stays_true(tmp_path, ending, bit_depth):
    found = read_picture(photograph(tmp_path / "in.jpg", with_thumbnail(camera_exif())))
    assert found.pixels.shape == (30, 20, 3)  # turned
    path = tmp_path / f"out{ending}"
    write(path, picture(40, 60), exif=found.exif, comment="{}", bit_depth=bit_depth)
    assert THUMBNAIL not in path.read_bytes()
    with Image.open(path) as image:
        exif = image.getexif()
        details, place = exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)
        assert (exif[Base.Make], exif[Base.Model]) == ("Maker", "Model 1")
        assert exif.get(Base.Orientation, 1) == 1
        assert Base.Software not in exif
        assert details[Base.ExposureTime] == pytest.approx(0.01)
        assert details[Base.LensModel] == "Lens"
        assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == (60, 40)
        assert details[Base.ColorSpace] == 1
        assert Base.MakerNote not in details
        assert b"a walk" not in details.get(Base.UserComment, b"")
        assert not exif.get_ifd(IFD.IFD1)
        assert (place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude]) == ("N", LATITUDE)
    assert read_comment(path) == "{}"
    assert read_picture(path).pixels.shape == (40, 60, 3)


@pytest.mark.parametrize("exif", [b"", camera_exif(1).tobytes()], ids=["alone", "beside others"])
@pytest.mark.parametrize(("name", "bit_depth"), [("x.jpg", 8), ("x.tif", 8), ("x.tif", 16)])
def test_the_comment_has_the_type_that_the_standard_wants(tmp_path, name, bit_depth, exif):
    write(tmp_path / name, picture(), exif=exif, comment="a text", bit_depth=bit_depth)
    data = (tmp_path / name).read_bytes()
    order = "<" if name == "x.tif" else ">"
    tag, undefined, length = 0x9286, 7, 8 + len("a text")
    assert data.count(struct.pack(f"{order}HHI", tag, undefined, length)) == 1
    assert data.count(b"ASCII\0\0\0a text") == 1


def test_there_was_a_thumbnail_to_drop(tmp_path):
    path = photograph(tmp_path / "in.jpg", with_thumbnail(camera_exif()))
    with Image.open(path) as image:
        assert image.getexif().get_ifd(IFD.IFD1)[0x202] == len(THUMBNAIL)


@pytest.mark.parametrize("name", ["in.png", "in.tif", "in.webp"])
def test_other_formats_bring_theirs(tmp_path, name):
    if name.removeprefix("in") not in endings():
        pytest.skip("this Pillow has no such format")
    path = photograph(tmp_path / name, camera_exif().tobytes())
    write(tmp_path / "out.jpg", picture(), exif=read_picture(path).exif)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.getexif()[Base.Make] == "Maker"
        assert image.getexif().get_ifd(IFD.Exif)[Base.LensModel] == "Lens"
        assert image.getexif()[Base.Orientation] == 1


def test_without_exif_nothing_is_made_up(tmp_path):
    Image.fromarray(to_bytes(picture())).save(tmp_path / "in.jpg")
    found = read_picture(tmp_path / "in.jpg")
    assert found.exif == b""
    write(tmp_path / "out.jpg", picture(), exif=found.exif)
    with Image.open(tmp_path / "out.jpg") as image:
        assert not image.getexif()
    assert read_comment(tmp_path / "out.jpg") == ""


def described(length):
    """EXIF with a description of so many characters."""
    exif = Image.Exif()
    exif[Base.ImageDescription] = "x" * length
    exif[Base.Orientation] = 1
    return exif.tobytes()


@pytest.mark.parametrize(
    ("exif", "comment", "left_out"),
    [
        (40_000, 1_000, ()),
        (40_000, 25_000, ()),  # nearly all of the 65,533 bytes
        (40_000, 30_000, ("comment",)),
        (40_000, 70_000, ("comment",)),
        (70_000, 1_000, ("exif",)),
        (70_000, 70_000, ("exif", "comment")),
        (0, 70_000, ("comment",)),
        (70_000, 0, ("exif",)),
    ],
)
def test_the_photographs_goes_first_where_jpeg_has_no_room(tmp_path, exif, comment, left_out):
    packed = described(exif) if exif else b""
    found = write(tmp_path / "out.jpg", picture(), exif=packed, comment="y" * comment)
    assert found == left_out
    with Image.open(tmp_path / "out.jpg") as image:
        kept = len(image.getexif().get(Base.ImageDescription, ""))
    assert kept == (0 if "exif" in left_out else exif)
    assert len(read_comment(tmp_path / "out.jpg")) == (0 if "comment" in left_out else comment)


@pytest.mark.parametrize(("ending", "bit_depth"), [each for each in DEPTHS if "j" not in each[0]])
def test_other_formats_have_room(tmp_path, ending, bit_depth):
    path = tmp_path / f"out{ending}"
    about = {"exif": described(300_000), "comment": "y" * 300_000, "bit_depth": bit_depth}
    assert write(path, picture(), **about) == ()
    with Image.open(path) as image:
        assert len(image.getexif()[Base.ImageDescription]) == 300_000
    assert len(read_comment(path)) == 300_000


@pytest.mark.parametrize("seed", range(60))
def test_damaged_exif_costs_no_picture(tmp_path, seed):
    random = np.random.default_rng(seed)
    packed = bytearray(camera_exif().tobytes())
    for place in random.integers(8, len(packed), 6):
        packed[place] = random.integers(256)
    path = photograph(tmp_path / "in.png", bytes(packed))
    write(tmp_path / "out.jpg", picture(), exif=read_picture(path).exif, comment="{}")
    write(tmp_path / "out.tif", picture(), exif=read_picture(path).exif, comment="{}")
    assert read_comment(tmp_path / "out.jpg") == "{}"
    assert read_comment(tmp_path / "out.tif") == "{}"
