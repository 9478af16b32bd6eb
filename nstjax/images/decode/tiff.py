"""TIFF: its directory, what its samples mean, and which files have no picture to be read."""

from typing import IO

from PIL import Image, TiffImagePlugin
from PIL.ExifTags import Base

from nstjax.images.decode.samples import (
    CMYK,
    GRAY,
    LAB,
    RAW,
    RGB,
    Samples,
    UnreadableError,
    oriented,
    samples_of,
    with_profile,
)
from nstjax.images.decode.tiff_colors import (
    BLACK_IS_0,
    CIELAB,
    ICCLAB,
    IS_RGB,
    SEPARATED,
    WHITE_IS_0,
    YCBCR,
    Tags,
    color_and_alpha,
)
from nstjax.images.decode.tiff_segments import COMPRESSIONS, FLOAT, SIGNED, Layout, read_segments

SIGNATURES = tuple(TiffImagePlugin.PREFIXES)
LITTLE_BIGTIFF, BIG_BIGTIFF = b"II+\0", b"MM\0+"  # by the order of their bytes
SUB_DIRECTORIES, DNG_VERSION = 330, 50706  # tags that Pillow has no names for
REDUCED = 2  # of the old tag of a picture's kind; a bit in the new one
MOST_TOLD = 4  # numbers of a damaged file may be many
COLOR_FILTERS, LINEAR_RAW = 32803, 34892
SPACES = {WHITE_IS_0: GRAY, BLACK_IS_0: GRAY, SEPARATED: CMYK, CIELAB: LAB, ICCLAB: LAB}  # else RGB
FAX, OLD_JPEG, JPEG, WEBP = (2, 3, 4), 6, 7, 50001
NAMES = {  # of what cannot be decompressed
    OLD_JPEG: "JPEG of TIFF 6.0",
    JPEG: "JPEG",
    WEBP: "WebP",
    **dict.fromkeys(FAX, "fax"),
    34712: "JPEG 2000",
    34887: "LERC",
    50002: "JPEG XL",
    52546: "JPEG XL",
}


def is_tiff(file: IO[bytes]) -> bool:
    """Whether a file begins as a TIFF does; many cameras' raw files do."""
    file.seek(0)
    return file.read(4) in SIGNATURES


def read_tiff(file: IO[bytes]) -> Samples:
    """The first picture of a TIFF.

    Raises `UnreadableError` for a file without one, or of a kind that is not read, and what Pillow and
    the decompressors raise for damage.
    """
    tags = _directory(file)
    _refuse_raw(file, tags)
    layout = _layout(tags)
    _check_size(layout)
    photometric = _photometric(tags)
    if layout.compression not in COMPRESSIONS:
        return _by_pillow(file, layout, photometric)
    color, alpha = color_and_alpha(tags, layout, photometric, read_segments(file, layout))
    orientation = tags.one(Base.Orientation, 1)
    color = oriented(color, orientation)
    alpha = None if alpha is None else oriented(alpha, orientation)
    profile = tags.directory.get(TiffImagePlugin.ICCPROFILE, b"")
    samples = Samples(color, SPACES.get(photometric, RGB), alpha)
    return with_profile(samples, profile if isinstance(profile, bytes) else b"")


def tiff_exif(file: IO[bytes]) -> Image.Exif:
    """What a TIFF's directory says, as EXIF. Raises anything for damage."""
    file.seek(0)
    if file.read(4) in (LITTLE_BIGTIFF, BIG_BIGTIFF):
        with Image.open(file) as image:
            return image.getexif()
    exif = Image.Exif()
    file.seek(0)
    exif.load_from_fp(file)
    return exif


def _directory(file: IO[bytes], offset: int | None = None) -> Tags:
    """A directory, by default the first."""
    file.seek(0)
    header = file.read(8)
    order = header[:2]
    if header[:4] in (LITTLE_BIGTIFF, BIG_BIGTIFF):
        # The one way to tell Pillow that it is a BigTIFF, whatever the order.
        header = LITTLE_BIGTIFF + header[4:] + file.read(8)
    directory = TiffImagePlugin.ImageFileDirectory_v2(header, order)
    file.seek(directory.next if offset is None else offset)
    directory.load(file)
    return Tags(directory)


def _refuse_raw(file: IO[bytes], tags: Tags) -> None:
    """Raw files are TIFFs too: their first picture is a small one to look at, or what the sensor saw."""
    file.seek(8)
    if (
        DNG_VERSION in tags.directory
        or file.read(2) == b"CR"  # Canon's
        or _photometric(tags) in (COLOR_FILTERS, LINEAR_RAW)
    ):
        raise UnreadableError(RAW)
    first = _area(tags)
    others = [_directory(file, place) for place in tags.all(SUB_DIRECTORIES)[:16]]
    if (
        tags.one(Base.NewSubfileType, 0) & 1
        or tags.one(Base.SubfileType, 1) == REDUCED
        or any(_area(other) > first or _photometric(other) == COLOR_FILTERS for other in others)
    ):
        raise UnreadableError(
            "begins with a small picture to look at, as cameras' raw files do: develop it first, or "
            "save the large picture as a TIFF of its own"
        )


def _photometric(tags: Tags) -> int:
    channels = tags.one(TiffImagePlugin.SAMPLESPERPIXEL, 1)
    usual = IS_RGB if channels > 2 else BLACK_IS_0
    return tags.one(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, usual)


def _area(tags: Tags) -> int:
    return tags.one(TiffImagePlugin.IMAGEWIDTH, 0) * tags.one(TiffImagePlugin.IMAGELENGTH, 0)


def _layout(tags: Tags) -> Layout:
    height, width = (
        tags.one(tag, 0) for tag in (TiffImagePlugin.IMAGELENGTH, TiffImagePlugin.IMAGEWIDTH)
    )
    channels = tags.one(TiffImagePlugin.SAMPLESPERPIXEL, 1)
    bits = tags.all(TiffImagePlugin.BITSPERSAMPLE, (1,))
    kinds = tags.all(TiffImagePlugin.SAMPLEFORMAT, (1,))
    if len(set(bits)) > 1 or len(set(kinds)) > 1:
        found = (
            f"{sorted(set(bits))[:MOST_TOLD]} bits and the kinds {sorted(set(kinds))[:MOST_TOLD]}"
        )
        raise UnreadableError(f"has channels of {found}: make them the same")
    possible = {FLOAT: (16, 32, 64), SIGNED: (32,)}.get(kinds[0], range(1, 33))
    if kinds[0] > FLOAT or kinds[0] < 1 or bits[0] not in possible:
        kind = {FLOAT: "floats", SIGNED: "signed integers"}.get(kinds[0], "samples")
        raise UnreadableError(
            f"has {kind} of {bits[0]} bits: save it with 8 or 16 bits, as unsigned integers"
        )
    is_tiled = TiffImagePlugin.TILEOFFSETS in tags.directory
    rows = min(tags.one(TiffImagePlugin.ROWSPERSTRIP, height), height)
    segment = (rows, width)
    places = TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.STRIPBYTECOUNTS
    if is_tiled:
        segment = tags.one(TiffImagePlugin.TILELENGTH, 0), tags.one(TiffImagePlugin.TILEWIDTH, 0)
        places = TiffImagePlugin.TILEOFFSETS, TiffImagePlugin.TILEBYTECOUNTS
    if min(height, width, channels, *segment) < 1:
        raise UnreadableError(f"is damaged: it has {width}x{height} pixels of {channels} channels")
    return Layout(
        height=height,
        width=width,
        channels=channels,
        bits=bits[0],
        kind=kinds[0],
        order="<" if tags.directory.prefix == b"II" else ">",
        is_separate=tags.one(TiffImagePlugin.PLANAR_CONFIGURATION, 1) == 2 and channels > 1,
        compression=tags.one(TiffImagePlugin.COMPRESSION, 1),
        predictor=tags.one(TiffImagePlugin.PREDICTOR, 1),
        fill_order=tags.one(TiffImagePlugin.FILLORDER, 1),
        is_tiled=is_tiled,
        segment_height=segment[0],
        segment_width=segment[1],
        offsets=tags.all(places[0]),
        counts=tags.all(places[1]),
    )


def _check_size(layout: Layout) -> None:
    """As Pillow does for all other formats."""
    most = Image.MAX_IMAGE_PIXELS
    pixels = layout.height * layout.width
    tile = layout.segment_height * layout.segment_width if layout.is_tiled else 0
    if most is not None and max(pixels, tile) * max(1, layout.channels // 4) > 2 * most:
        raise Image.DecompressionBombError(f"{pixels} pixels, and {2 * most} are allowed")


def _by_pillow(file: IO[bytes], layout: Layout, photometric: int) -> Samples:
    """Compressions that only libtiff has, in the kinds of pictures that Pillow has modes for."""
    is_drawing = layout.compression in FAX and layout.bits == layout.channels == 1
    is_photograph = (
        layout.compression in (JPEG, WEBP)
        and layout.bits == 8
        and not layout.is_separate
        and (layout.channels, photometric)
        in ((1, BLACK_IS_0), (3, IS_RGB), (3, YCBCR), (4, SEPARATED))
    )
    if not is_drawing and not is_photograph:
        name = NAMES.get(layout.compression, f"number {layout.compression}")
        raise UnreadableError(
            f"is a TIFF of {layout.channels} channels of {layout.bits} bits with the compression "
            f"{name}, which is not read: save it without compression, or with LZW or deflate"
        )
    file.seek(0)
    with Image.open(file) as image:
        image.load()
        return samples_of(image)
