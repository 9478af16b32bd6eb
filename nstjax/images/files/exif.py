"""EXIF: what a painting keeps of its photograph's, and the comment that goes with it."""

import struct
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffTags import BYTE, UNDEFINED

# What stays true of a painting. The rest tells of the file (sizes, strips, thumbnail, its program).
KEPT = (
    *(Base.ImageDescription, Base.Make, Base.Model, Base.DateTime, Base.Artist, Base.Copyright),
    *(Base.XPTitle, Base.XPComment, Base.XPAuthor, Base.XPKeywords, Base.XPSubject),
)
# Notes of the maker point to places in the old file; the comment is replaced; the rest is of its pixels.
DROPPED = (
    *(Base.MakerNote, Base.UserComment, IFD.Interop, Base.FlashPixVersion),
    *(Base.ExifImageWidth, Base.ExifImageHeight, Base.ColorSpace, Base.ComponentsConfiguration),
    Base.CompressedBitsPerPixel,
)
UPRIGHT, SRGB = 1, 1
ASCII = b"ASCII\0\0\0"  # Exif 2.3: a comment begins with its character code in eight bytes


Part = Literal["exif", "comment"]


class Packed(NamedTuple):
    """EXIF of a written picture, and what found no room in it."""

    exif: bytes
    left_out: tuple[Part, ...]


def kept_exif(load: Callable[[], Image.Exif]) -> bytes:
    """What a painting of a photograph keeps of its EXIF, as bytes; none where loading it fails.

    Camera, exposure, time, place, author and description are kept. Thumbnail, maker's notes, comment
    and all that describes the file are not; the orientation is upright, since `read` turns the picture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damage, which is found below
            found = load()
            kept = Image.Exif()
            for tag in KEPT:
                if tag in found:
                    kept[tag] = found[tag]
            for directory in (IFD.Exif, IFD.GPSInfo):
                values = found.get_ifd(directory)
                lasting = {tag: values[tag] for tag in values if tag not in DROPPED}
                if lasting:
                    kept[directory] = lasting
            if not len(kept):
                return b""
            kept[Base.Orientation] = UPRIGHT
            packed = kept.tobytes()
            _packed(packed, "", 1, 1)  # what cannot be written must not be kept for the end
            return packed
    except Exception:  # Pillow reports damage by every kind of exception
        return b""


def pack_exif(kept: bytes, comment: str, height: int, width: int, *, most_bytes: int) -> Packed:
    """EXIF of a written picture: what was kept, its size and color space, and a comment in ASCII.

    Where both do not fit in `most_bytes`, what was kept goes first: it is the photograph's, and nobody
    can make it again.
    """
    for base, text in ((kept, comment), (kept, ""), (b"", comment), (b"", "")):
        packed = _packed(base, text, height, width)
        if len(packed) <= most_bytes:
            break
    left_out: list[Part] = []
    if base != kept:
        left_out.append("exif")
    if text != comment:
        left_out.append("comment")
    return Packed(packed, tuple(left_out))


def _packed(kept: bytes, comment: str, height: int, width: int) -> bytes:
    if not kept and not comment:
        return b""
    exif = Image.Exif()
    exif.load(kept)
    details = dict(exif.get_ifd(IFD.Exif))
    details[Base.ColorSpace] = SRGB
    details[Base.ExifImageWidth], details[Base.ExifImageHeight] = width, height
    if comment:
        details[Base.UserComment] = ASCII + comment.encode("ascii")
    exif[IFD.Exif] = details
    return typed(exif.tobytes(), details, ">")


def typed(packed: bytes, details: Mapping[int, Any], order: str) -> bytes:
    """EXIF as Pillow packed it in a byte order, with the type of the comment in its details corrected.

    Exif 2.3 wants UNDEFINED for it; Pillow takes bytes for BYTE, and libtiff passes such a comment over.
    """
    length = len(details.get(Base.UserComment, b""))
    written, wanted = (
        struct.pack(f"{order}HHI", Base.UserComment, kind, length) for kind in (BYTE, UNDEFINED)
    )
    return packed.replace(written, wanted, 1)


def comment_in(exif: Image.Exif) -> str:
    """The comment of a picture's EXIF; empty where there is none."""
    comment = exif.get_ifd(IFD.Exif).get(Base.UserComment, b"")
    if not isinstance(comment, bytes):
        return str(comment)
    return comment.removeprefix(ASCII).decode("utf-8", "replace").strip("\0 ")
