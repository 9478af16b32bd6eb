"""How readers speak of bad files: one line, whatever a library or a name in the file says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from weights_tools import files
from weights_tools.errors import WeightsError

_LONGEST = 200


@contextlib.contextmanager
def reported(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever goes wrong in the block into a `WeightsError` that begins with the path.

    Only for blocks that do nothing but read `path`, a file of `kind` such as "NumPy": there any
    exception means that the file is damaged, and libraries raise all sorts for a hostile one.
    """
    try:
        yield
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    except Exception as error:
        raise WeightsError(
            f"{path} is a damaged {kind} file: {one_line(files.reason(error))}; "
            "download or copy it again"
        ) from None


def one_line(text: str) -> str:
    """Return the first line of a text, cut where it is very long."""
    return printable(next((line.strip() for line in text.splitlines() if line.strip()), ""))


def printable(name: str) -> str:
    """Return a name from a file so that it can stand in a message: no newlines, not very long."""
    name = name if name.isprintable() else ascii(name)
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
