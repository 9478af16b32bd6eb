"""The text of our own in a picture file."""

from pathlib import Path

from PIL import PngImagePlugin

from nstjax.images.decode.loading import loaded
from nstjax.images.decode.png import COMMENT_KEY
from nstjax.images.decode.tiff import is_tiff, read_tiff, tiff_exif
from nstjax.images.files.exif import comment_in
from nstjax.images.files.read import opened


def read_comment(path: str | Path) -> str:
    """The text that `write` put into a picture file; empty where there is none.

    Raises `UserError` where the file is missing, damaged or no picture.
    """
    with opened(path) as file:
        if is_tiff(file):
            read_tiff(file)  # raises for damage
            return comment_in(tiff_exif(file))
        image = loaded(file).image
        if isinstance(image, PngImagePlugin.PngImageFile) and COMMENT_KEY in image.text:
            return str(image.text[COMMENT_KEY])
        return comment_in(image.getexif())
