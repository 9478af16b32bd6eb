"""The files that the style pictures named on the command line stand for."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import StubImageFile

from nstjax.cli.files.album_files import index_of, read_index
from nstjax.errors import UserError
from nstjax.images import read_comment
from nstjax.settings.recipe import VERSION_KEY

MOST_NAMES = 3  # in one remark
TIFF_BEGINNINGS = (b"II", b"MM")  # of which Pillow does not know every kind


def find_style_files(
    paths: Sequence[Path],
    written_to: Sequence[Path] = (),
    remark: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Files as they are, and in place of a folder all pictures in it, by name.

    Hidden files and folders below are left out without a word.

    Args:
        paths: files and folders.
        written_to: folders that the command writes to. What nstjax has made there is its output, and
            no style.
        remark: is told in one line what else is left out of a folder, and why.

    Raises `UserError` for a folder without a picture, or that cannot be read.
    """
    # `os.path`, since `Path.is_dir` raises for a name that no file can have.
    return [
        file
        for path in paths
        for file in (_in_folder(path, written_to, remark) if os.path.isdir(path) else [path])
    ]


def _in_folder(
    folder: Path, written_to: Sequence[Path], remark: Callable[[str], None]
) -> list[Path]:
    try:
        files = sorted(
            each for each in folder.iterdir() if not each.name.startswith(".") and not each.is_dir()
        )
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}") from None
    pictures = [file for file in files if _is_picture(file)]
    made = set(_made_by_us(pictures, _is_one_of(folder, written_to)))
    for left_out, why in ((set(files) - set(pictures), "no picture"), (made, "made by nstjax")):
        if left_out:
            remark(f"left out of {folder}: {_listed(sorted(left_out))} ({why})")
    styles = [file for file in pictures if file not in made]
    if not styles:
        raise UserError(f"no picture is in the folder {folder}: put one there, or name a file")
    return styles


def _is_picture(file: Path) -> bool:
    """Whether a file begins as a picture does; what is damaged further on is told when it is read."""
    # The ending first: other files need not be opened, and a pipe would wait for its writer.
    if file.suffix.lower() not in Image.registered_extensions() or not file.is_file():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                # Of some kinds of files Pillow knows the beginning and nothing else.
                return not isinstance(image, StubImageFile) and image.format != "MPEG"
    except UnidentifiedImageError:
        with open(file, "rb") as opened:
            return opened.read(2) in TIFF_BEGINNINGS
    except Exception:  # too large, no permission: that is told when it is read
        return True


def _is_one_of(folder: Path, others: Sequence[Path]) -> bool:
    return any(os.path.exists(other) and os.path.samefile(folder, other) for other in others)


def _made_by_us(pictures: Sequence[Path], is_written_to: bool) -> Iterator[Path]:
    for picture in pictures if is_written_to else ():
        try:
            comment = read_comment(picture)
        except UserError:  # told when it is read
            continue
        # A sheet carries no recipe, but has an index beside it.
        if comment.startswith(f'{{"{VERSION_KEY}"') or read_index(index_of(picture)):
            yield picture


def _listed(files: Sequence[Path]) -> str:
    shown = ", ".join(file.name for file in files[:MOST_NAMES])
    more = len(files) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
