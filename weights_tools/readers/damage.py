"""How readers report bad files: one line, whatever a library says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from weights_tools import files
from weights_tools.errors import WeightsError, one_line


@contextlib.contextmanager
def reported(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever goes wrong in the block into a `WeightsError` that begins with the path.

    Only for blocks that do nothing but read `path`, a file of `kind` such as "NumPy": there any
    exception means that the file is damaged, and libraries raise all sorts for a hostile one.
    """
    try:
        yield
    except WeightsError as error:
        raise error.about(path) from None
    except Exception as error:
        raise WeightsError(
            f"{path} is a damaged {kind} file: {one_line(files.reason(error))}; "
            "download or copy it again",
            names_file=True,
        ) from None


def damaged(position: int, what: str) -> WeightsError:
    """Return the error of a file that does not hold what it should at a place."""
    return WeightsError(f"it is damaged, byte {position} {what}: download or copy it again")
