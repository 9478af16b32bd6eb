"""Pictures loaded by Pillow, whatever their format but TIFF."""

import io
from typing import IO, NamedTuple

from PIL import Image

from nstjax.images.decode.jpeg import loaded_jpeg
from nstjax.images.decode.png import check_claim, samples_of_png, way_of, without_long_texts
from nstjax.images.decode.samples import RAW, Samples, UnreadableError, check_format, samples_of

WITHOUT_END = "lacks the end of its file, which was cut short; the picture is there"
HEIC = "is HEIC, which is not read: save it as JPEG or PNG first"
# What is no picture for Pillow, by what stands at some place of the file.
OTHERS = (
    (0, (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM"), RAW),
    (4, (b"ftypcrx ",), RAW),
    (4, (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1"), HEIC),
)


class Loaded(NamedTuple):
    """A picture in the memory."""

    image: Image.Image
    file: IO[bytes]  # where from
    way: str = ""  # how its bytes are pixels, by Pillow's names, where that matters
    remarks: tuple[str, ...] = ()  # what to say of it, in words that follow its name

    def samples(self) -> Samples:
        """What it holds; raises as `samples_of` does."""
        if self.image.format == "PNG":
            return samples_of_png(self.image, self.file, self.way)
        return samples_of(self.image)


def loaded(file: IO[bytes], long_side: int | None = None) -> Loaded:
    """The first picture of a file.

    Args:
        file: of any format that Pillow reads.
        long_side: how long the picture must be at least; a JPEG that is twice as long is reduced.

    Raises `UnreadableError`, or what Pillow raises for damage.
    """
    file.seek(0)
    start = file.read(32)
    if not start:
        raise UnreadableError(
            "is not a picture that Pillow reads: give PNG or JPEG; the file is empty"
        )
    for place, signatures, what in OTHERS:
        if start[place:].startswith(signatures) and not start[8:].startswith(b"avi"):
            raise UnreadableError(what)
    try:
        return _loaded(file, long_side)
    except ValueError as error:
        if "MAX_TEXT" not in str(error):
            raise
    file.seek(0)
    content, profile = without_long_texts(file.read())
    found = _loaded(io.BytesIO(content), long_side)
    if profile:
        found.image.info["icc_profile"] = profile
    return found


def _loaded(file: IO[bytes], long_side: int | None) -> Loaded:
    file.seek(0)
    image = Image.open(file)
    check_format(image)
    if image.format not in ("JPEG", "MPO"):
        way = ""
        if image.format == "PNG":
            way = way_of(image)
            check_claim(image, file)
        image.load()
        return Loaded(image, file, way)
    image, has_end = loaded_jpeg(file, long_side)
    return Loaded(image, file, remarks=() if has_end else (WITHOUT_END,))
