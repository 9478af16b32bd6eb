"""Reader of zip files that hold one weights file: a wheel, Keras 3's own `.keras`, or any zip."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from weights_tools import files
from weights_tools.errors import WeightsError, one_line, printable
from weights_tools.readers.checkpoint import MAX_BYTES, Checkpoint
from weights_tools.readers.formats import SUFFIXES, read_checkpoint


@contextlib.contextmanager
def read_archive(path: Path) -> Iterator[Checkpoint]:
    """Open the one weights file inside a zip file, of whatever format."""
    with tempfile.TemporaryDirectory() as folder:
        member, extracted = _extract(path, Path(folder))
        try:
            with read_checkpoint(files.require_file(extracted), nested=True) as checkpoint:
                yield checkpoint
        except WeightsError as error:
            # The user knows the archive, not the temporary file.
            told = str(error).replace(str(extracted), f"{path} ({member})")
            raise WeightsError(told, names_file=error.names_file) from None


def _extract(path: Path, folder: Path) -> tuple[str, Path]:
    """Return the name of the weights file in an archive, and the path that it was unpacked to."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_weights(archive)
            extracted = folder / f"weights{PurePosixPath(member.filename).suffix}"
            with archive.open(member) as source, extracted.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            return printable(member.filename), extracted
    except WeightsError as error:
        raise error.about(path) from None
    except Exception as error:  # the archive, its four compressions and the disk raise all sorts
        raise WeightsError(
            f"{path} cannot be unpacked: {one_line(files.reason(error))}; "
            "check that the file is whole and the disk has room"
        ) from None


def _only_weights(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if each.filename.lower().endswith(SUFFIXES)]
    if len(members) != 1:
        raise WeightsError(
            f"it is a zip file with {len(members)} weights files in it ({', '.join(SUFFIXES)}), "
            "expected one: give the weights file itself"
        )
    if members[0].file_size > MAX_BYTES:
        raise WeightsError(
            f"{printable(members[0].filename)} would unpack to {members[0].file_size} bytes, "
            f"more than {MAX_BYTES}: give a file of VGG16 or VGG19"
        )
    return members[0]
