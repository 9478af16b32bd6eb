"""The files that the style pictures named on the command line stand for."""

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from nstjax.errors import UserError


def find_style_files(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, and in place of a folder all pictures in it, by name.

    What is a picture there, its ending says; hidden files and folders below are left out.

    Raises `UserError` for a folder without one, or that cannot be read.
    """
    # `os.path`, since `Path.is_dir` raises for a name that no file can have.
    return [
        file for path in paths for file in (_in_folder(path) if os.path.isdir(path) else [path])
    ]


def _in_folder(folder: Path) -> list[Path]:
    endings = Image.registered_extensions()
    try:
        files = sorted(
            each
            for each in folder.iterdir()
            if each.suffix.lower() in endings and not each.name.startswith(".") and each.is_file()
        )
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}") from None
    if not files:
        raise UserError(f"no picture is in the folder {folder}: put one there, or name a file")
    return files
