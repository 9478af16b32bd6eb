"""The files that the pictures named on the command line stand for: folders and patterns."""

import glob
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import StubImageFile

from nstjax.cli.files.album_files import INDEX, is_sheet
from nstjax.errors import UserError
from nstjax.images import read_comment
from nstjax.settings.recipe import VERSION_KEY

MOST_NAMES = 3  # in one remark
TIFF_BEGINNINGS = (b"II", b"MM")  # of which Pillow does not know every kind


def find_picture_files(
    paths: Sequence[Path],
    folder: Path,
    remark: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """As `find_style_files`, and in place of a pattern, as `*.jpg`, all that it matches, by name.

    What nstjax has made in the `folder` that the command writes to is left out, also where it is named.

    Raises `UserError` where nothing is left.
    """
    named = [each for path in paths for each in _matching(path)]
    files = find_style_files(named, [folder], remark, damaged_too=True)
    inside = [file for file in files if _is_one_of(file.parent, [folder])]
    made = set(_made_by_us(inside))
    if made:
        remark(f"left out: {_listed(sorted(made))} (made by nstjax)")
    left = [file for file in files if file not in made]
    if paths and not left:
        raise UserError(
            f"{' '.join(map(str, paths))} has no picture but those made by nstjax: name others"
        )
    return left


def _matching(path: Path) -> list[Path]:
    """What a pattern matches; a file of such a name is no pattern."""
    if os.path.lexists(path) or not glob.has_magic(str(path)):
        return [path]
    files = sorted(map(Path, glob.glob(str(path), recursive=True)))
    if not files:
        raise UserError(f"no file matches {path}: look at the folder's name and the pattern")
    return files


def find_style_files(
    paths: Sequence[Path],
    written_to: Sequence[Path] = (),
    remark: Callable[[str], None] = lambda _: None,
    *,
    damaged_too: bool = False,
) -> list[Path]:
    """Files as they are, and in place of a folder all pictures in it, by name.

    Hidden files and folders below are left out without a word.

    Args:
        paths: files and folders.
        written_to: folders that the command writes to. What nstjax has made there is its output, and
            no style.
        remark: is told in one line what else is left out of a folder, and why.
        damaged_too: whether a file of a folder that has only the name of a picture is taken for one.

    Raises `UserError` for a folder without a picture, or that cannot be read.
    """
    # `os.path`, since `Path.is_dir` raises for a name that no file can have.
    return [
        file
        for path in paths
        for file in (
            _in_folder(path, written_to, remark, damaged_too) if os.path.isdir(path) else [path]
        )
    ]


def _in_folder(
    folder: Path,
    written_to: Sequence[Path],
    remark: Callable[[str], None],
    damaged_too: bool,
) -> list[Path]:
    try:
        files = sorted(
            each for each in folder.iterdir() if not each.name.startswith(".") and not each.is_dir()
        )
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}") from None
    pictures = [file for file in files if _is_picture(file, damaged_too)]
    made: set[Path] = set()
    if _is_one_of(folder, written_to):
        made.update(_made_by_us(pictures))
        files = [file for file in files if file.name != INDEX]
    for left_out, why in ((set(files) - set(pictures), "no picture"), (made, "made by nstjax")):
        if left_out:
            remark(f"left out of {folder}: {_listed(sorted(left_out))} ({why})")
    styles = [file for file in pictures if file not in made]
    if not styles:
        raise UserError(f"no picture is in the folder {folder}: put one there, or name a file")
    return styles


def _is_picture(file: Path, damaged_too: bool) -> bool:
    """Whether a file begins as a picture does; what is damaged further on is told when it is read."""
    # The ending first: other files need not be opened, and a pipe would wait for its writer.
    kind = Image.registered_extensions().get(file.suffix.lower())
    if kind is None or not file.is_file():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                # Of some kinds of files Pillow knows the beginning and nothing else.
                return not isinstance(image, StubImageFile) and image.format != "MPEG"
    except UnidentifiedImageError:
        if damaged_too and kind in Image.OPEN:
            return True
        with open(file, "rb") as opened:
            return opened.read(2) in TIFF_BEGINNINGS
    except Exception:  # too large, no permission: that is told when it is read
        return True


def _is_one_of(folder: Path, others: Sequence[Path]) -> bool:
    return any(os.path.exists(other) and os.path.samefile(folder, other) for other in others)


def _made_by_us(pictures: Sequence[Path]) -> Iterator[Path]:
    for picture in pictures:
        try:
            comment = read_comment(picture)
        except UserError:  # told when it is read
            continue
        if comment.startswith(f'{{"{VERSION_KEY}"') or is_sheet(picture):
            yield picture


def _listed(files: Sequence[Path]) -> str:
    shown = ", ".join(file.name for file in files[:MOST_NAMES])
    more = len(files) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
