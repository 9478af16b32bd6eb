"""Files that appear whole or not at all."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from nstjax.errors import UserError


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file to write in; it takes the place of `path` once the block has succeeded, else it is gone.

    Raises `UserError` where the folder or the disk refuses.
    """
    # Beside the target, so that the last move is atomic; a name that no one else has.
    temporary = path.with_name(f".nstjax-{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            yield file
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
