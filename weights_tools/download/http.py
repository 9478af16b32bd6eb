"""One URL -> a file, continued where an earlier try stopped."""

from __future__ import annotations

import re
from pathlib import Path

from weights_tools.download import partial
from weights_tools.download.partial import Beginning
from weights_tools.download.progress import Bar
from weights_tools.download.transport import Answer, BrokenError, opened, status_error
from weights_tools.errors import WeightsError
from weights_tools.readers.checkpoint import MAX_BYTES

# Times that a broken connection is made again, as long as each brings more of the file.
ATTEMPTS = 5

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


def fetch_url(url: str, part: Path, *, size: int | None, bar: Bar) -> None:
    """Bring the file at `url` into `part`, from where an earlier try stopped if that can be.

    The content is not verified. A file of another size than `size` is refused before it is read,
    and no more bytes are written than were announced.

    Raises:
        WeightsError: what the server or the connection did. `part` keeps what may be continued.
        OSError: `part` cannot be written.
    """
    for _ in range(ATTEMPTS):
        before = partial.length(part)
        try:
            return _bring(url, part, size, bar)
        except BrokenError:
            if partial.length(part) <= before:
                raise
    raise WeightsError(f"the connection broke {ATTEMPTS} times")


def content_range(answer: Answer) -> tuple[int, int, int] | None:
    """Return first byte, last byte and total of a part of a file, None if it is not told."""
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _bring(url: str, part: Path, size: int | None, bar: Bar) -> None:
    known = partial.beginning(part, url)
    have = partial.length(part) if known and size in (None, known.total) else 0
    if known and have and _resume(known, part, have, bar):
        return
    with opened(url) as answer:
        _start(url, answer, part, size, bar)


def _resume(known: Beginning, part: Path, have: int, bar: Bar) -> bool:
    """Fetch the rest of a file; returns False if that cannot be, and it must be begun again."""
    if have == known.total:
        return True
    headers = {"Range": f"bytes={have}-", "If-Range": known.validator}
    with opened(known.url, headers) as answer:
        if _continues(answer, have, known):
            _write(answer, part, have, known.total, bar)
            return True
    if answer.status in (200, 206, 416):
        return False
    raise status_error(answer)


def _continues(answer: Answer, have: int, known: Beginning) -> bool:
    """Tell whether an answer is the rest of the file that was begun; servers ignore If-Range."""
    found = content_range(answer)
    if answer.status != 206 or found is None:
        return False
    first, last, total = found
    same = _validator(answer) in ("", known.validator)
    return same and first == have and last == total - 1 and known.total in (None, total)


def _start(url: str, answer: Answer, part: Path, size: int | None, bar: Bar) -> None:
    if answer.status != 200:
        raise status_error(answer)
    total = answer.length
    if size is not None and total not in (None, size):
        raise WeightsError(f"the server offers a file of {total} bytes, expected {size}")
    if total is not None and total > MAX_BYTES:
        raise WeightsError(f"the server offers a file of {total} bytes, more than {MAX_BYTES}")
    total = size or total
    partial.discard(part)
    if validator := _validator(answer):
        partial.remember(part, Beginning(url, validator, total))
    _write(answer, part, 0, total, bar)


def _write(answer: Answer, part: Path, start: int, total: int | None, bar: Bar) -> None:
    bar.start(total, start)
    count = start
    limit = MAX_BYTES if total is None else total
    with part.open("ab") as file:
        for block in answer.blocks:
            count += len(block)
            if count > limit:
                file.close()
                partial.discard(part)
                raise WeightsError(f"the server sends more than the {limit} bytes expected")
            file.write(block)
            bar.advance(len(block))
    if total is not None and count < total:
        raise BrokenError("the connection broke before the end of the file")


def _validator(answer: Answer) -> str:
    """Return what tells this version of a file from another, "" if nothing does."""
    # A weak ETag says that two files mean the same, not that they have the same bytes.
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
