"""The convolutions alone of a safetensors file on a server, by requests for parts of it.

Most of a VGG are its dense layers, which nobody here uses: of 575 MB, 80 MB are fetched. The hash
of the whole file cannot be computed then, so this is done only where a server announces the very
hash that is known of the file, over a connection that nobody else can have changed. Every request
must announce it again, and everything that the file says of itself is checked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weights_tools.download.http import content_range
from weights_tools.download.progress import Bar
from weights_tools.download.transport import BrokenError, is_secure, opened, status_error
from weights_tools.errors import WeightsError
from weights_tools.readers.checkpoint import MAX_BYTES, Values
from weights_tools.readers.naming import paired
from weights_tools.sources import Source

MAX_HEADER_BYTES = 10 << 20
# More than any order of the tensors of a VGG needs.
MAX_REQUESTS = 100

_PREFIX_BYTES = 8  # the header's length, before the header
_BYTES_EACH = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True)
class _Remote:
    """A file on a server."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class _Tensor:
    """A tensor in the header; its bytes are counted from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def fetch_ranges(url: str, target: Path, source: Source, bar: Bar) -> bool:
    """Write a safetensors file with the convolutions of the one at `url` to `target`.

    Returns False if that cannot be trusted or the server cannot do it: then the whole file must be
    downloaded and verified.

    Raises:
        WeightsError: the server or the file contradict themselves.
        OSError: `target` cannot be written.
    """
    if not (source.sha256 and is_secure(url)):
        return False
    remote = _remote(url, source)
    if remote is None:
        return False
    header_bytes = int.from_bytes(b"".join(_read(remote, 0, _PREFIX_BYTES)), "little")
    start = _PREFIX_BYTES + header_bytes
    if not 2 <= header_bytes <= MAX_HEADER_BYTES or start > remote.size:
        raise WeightsError(f"the file is no safetensors file: its header has {header_bytes} bytes")
    header = b"".join(_read(remote, _PREFIX_BYTES, start))
    chosen = _convolutions(_parsed(header, remote.size - start))
    spans = _merged(chosen)
    bar.start(sum(end - begin for begin, end in spans))
    with target.open("wb") as file:
        file.write(_header(chosen))
        for begin, end in spans:
            for block in _read(remote, start + begin, start + end):
                file.write(block)
                bar.advance(len(block))
    return True


def _remote(url: str, source: Source) -> _Remote | None:
    """Return the file on the server if that honors ranges and announces the right hash."""
    with opened(url, {"Range": "bytes=0-0"}) as answer:
        if answer.status == 200:
            return None
        if answer.status != 206:
            raise status_error(answer)
        found = content_range(answer)
        if found is None or answer.announced != source.sha256:
            return None
    size = found[2]
    if source.size not in (None, size) or size > MAX_BYTES:
        raise WeightsError(
            f"the server offers a file of {size} bytes, expected {source.size or MAX_BYTES}"
        )
    return _Remote(url, size, source.sha256)


def _read(remote: _Remote, begin: int, end: int) -> Iterator[bytes]:
    """Give the bytes from `begin` up to `end`, exactly these, in blocks."""
    with opened(remote.url, {"Range": f"bytes={begin}-{end - 1}"}) as answer:
        if answer.status != 206:
            raise status_error(answer)
        expected = (begin, end - 1, remote.size)
        if content_range(answer) != expected or answer.announced != remote.sha256:
            raise WeightsError("the server answered another part of the file than was asked for")
        missing = end - begin
        for block in answer.blocks:
            missing -= len(block)
            if missing < 0:
                raise WeightsError("the server sends more than was asked for")
            yield block
        if missing:
            raise BrokenError("the connection broke before the end of the file")


def _parsed(header: bytes, data_bytes: int) -> list[_Tensor]:
    """Return the tensors that a header names, all of them within the file."""
    try:
        entries = json.loads(header)
        return [
            _tensor(name, entry, data_bytes)
            for name, entry in entries.items()
            if name != "__metadata__"
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError("the file is no safetensors file: its header is damaged") from None


def _tensor(name: str, entry: dict, data_bytes: int) -> _Tensor:
    begin, end = entry["data_offsets"]
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    numbers_are_whole = all(type(each) is int and each >= 0 for each in (begin, end, *shape))
    if not (isinstance(dtype, str) and numbers_are_whole and begin <= end <= data_bytes):
        raise WeightsError(f"the header of the file puts {name} outside of the file")
    if dtype in _BYTES_EACH and math.prod(shape) * _BYTES_EACH[dtype] != end - begin:
        raise WeightsError(f"the header of the file gives {name} {end - begin} bytes for {shape}")
    return _Tensor(name, dtype, shape, begin, end)


def _convolutions(tensors: Sequence[_Tensor]) -> list[_Tensor]:
    """Return the tensors that are convolutions or their biases, as they lie in the file."""
    names: set[str] = set()
    for convolution in paired(Values(t.name, t.shape, t.dtype, _unread) for t in tensors):
        names.add(convolution.kernel.name)
        if convolution.bias:
            names.add(convolution.bias.name)
    chosen = sorted((t for t in tensors if t.name in names), key=lambda each: each.begin)
    if not chosen:
        raise WeightsError("the file holds no convolution with 3x3 kernels")
    for each in chosen:
        if each.dtype not in _BYTES_EACH:
            raise WeightsError(f"{each.name} is {each.dtype}, expected floating-point numbers")
    return chosen


def _merged(tensors: Sequence[_Tensor]) -> list[tuple[int, int]]:
    """Return the parts of the file in which the tensors lie, neighbors as one."""
    spans: list[tuple[int, int]] = []
    for each in tensors:
        last = spans[-1][1] if spans else -1
        if each.begin < last:
            raise WeightsError(f"the header of the file lets {each.name} overlap another tensor")
        if each.begin == last:
            spans[-1] = (spans[-1][0], each.end)
        elif each.end > each.begin:
            spans.append((each.begin, each.end))
    if len(spans) > MAX_REQUESTS:
        raise WeightsError(f"the convolutions lie in {len(spans)} places of the file")
    return spans


def _header(tensors: Sequence[_Tensor]) -> bytes:
    """Return length and header of a file in which the tensors lie without gaps."""
    entries: dict[str, object] = {}
    begin = 0
    for each in tensors:
        end = begin + each.end - each.begin
        entries[each.name] = {
            "dtype": each.dtype,
            "shape": each.shape,
            "data_offsets": (begin, end),
        }
        begin = end
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % _PREFIX_BYTES)  # the values begin at a multiple of eight
    return len(text).to_bytes(_PREFIX_BYTES, "little") + text


def _unread() -> np.ndarray:
    raise AssertionError("values are not read before they were fetched")
