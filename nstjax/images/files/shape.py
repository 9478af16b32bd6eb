"""How large a picture is, from the beginning of its file."""

import warnings
from pathlib import Path

from PIL import Image

from nstjax.images.decode.samples import ON_ITS_SIDE, orientation_of
from nstjax.images.files.opening import opened_file


def read_shape(path: str | Path) -> tuple[int, int] | None:
    """Height and width in pixels, upright; None where that takes reading the picture itself.

    A promise of the file's beginning, which `read` need not find kept.
    """
    try:
        with warnings.catch_warnings(), opened_file(path) as file:
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                return shape_of(image)
    except Exception:  # told when it is read
        return None


def shape_of(image: Image.Image) -> tuple[int, int]:
    """Height and width of a picture of Pillow's in pixels, upright."""
    width, height = image.size
    return (width, height) if orientation_of(image) in ON_ITS_SIDE else (height, width)
