"""MATLAB's v5 files, the MAT-File Format document's "level 5": what is asked for, and no more.

Not `scipy.io.loadmat`: it recurses into every cell, so that a file of some thousand nested ones
kills the process, and it unpacks whatever a file claims. Here an array is a place in the file, and
cells and fields are only looked into by who expects them there: nothing recurses.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from weights_tools import files
from weights_tools.errors import WeightsError, printable
from weights_tools.readers.checkpoint import MAX_BYTES
from weights_tools.readers.damage import damaged

# MatConvNet's VGG19 has some ten thousand, most of them the names of ImageNet's classes.
MAX_ELEMENTS = 200_000
MAX_AXES = 8
# Longer texts, and names of fields together, are no names.
MAX_TEXT = 100_000
_HEADER = 128
_ORDERS: dict[bytes, Literal["<", ">"]] = {b"IM": "<", b"MI": ">"}
_BLOCK = 1 << 20
# Elements that are no numbers; the numbers are in _STORED.
_MATRIX, _COMPRESSED = 14, 15
_STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_ENCODINGS = {16: "utf-8", 17: "utf-16", 18: "utf-32", 1: "latin-1", 2: "latin-1", 4: "utf-16"}
_CLASSES = {
    1: "cell",
    2: "struct",
    3: "object",
    4: "char",
    5: "sparse",
    6: "float64",
    7: "float32",
    8: "int8",
    9: "uint8",
    10: "int16",
    11: "uint16",
    12: "int32",
    13: "uint32",
    14: "int64",
    15: "uint64",
}
_NUMERIC = range(6, 16)
_COMPLEX = 0x0800


@contextlib.contextmanager
def open_mat5(path: Path) -> Iterator[dict[str, Array]]:
    """Open a file and give its variables by name; they can be read as long as it is open.

    Raises:
        WeightsError: damaged, or it would unpack to more than `MAX_BYTES`; without the path.
    """
    # What is compressed is unpacked to the disk: most of a VGG is dense layers, which nobody reads.
    with path.open("rb") as file, tempfile.SpooledTemporaryFile(_BLOCK) as unpacked:
        header = file.read(_HEADER)
        order = _ORDERS.get(header[126:])
        if order is None:
            raise damaged(126, f"is {header[126:]!r} instead of IM or MI")
        end = file.seek(0, 2)
        outside, inside, found = Elements(file, order), Elements(unpacked, order), []
        position = _HEADER
        while position < end:
            element, position = outside.at(position, end)
            if element.kind == _COMPRESSED:
                position = element.end  # these alone are not padded
                start, stop = _unpack(file, element, unpacked)
                found.append(Array(inside, inside.at(start, stop)[0]))
            else:
                found.append(Array(outside, element))
        yield {array.name: array for array in found}


def _unpack(file: IO[bytes], element: Element, target: IO[bytes]) -> tuple[int, int]:
    """Append what a compressed element holds, itself one element; returns where that is."""
    unpacker = zlib.decompressobj()
    file.seek(element.start)
    start = target.seek(0, 2)
    left = element.end - element.start
    try:
        while left and not unpacker.eof:
            block = file.read(min(left, _BLOCK))
            left -= len(block)
            if not block:
                break
            written = _BLOCK
            while written == _BLOCK:  # there may be more
                written = target.write(unpacker.decompress(block, _BLOCK))
                block = unpacker.unconsumed_tail
                if target.tell() > MAX_BYTES:
                    raise WeightsError(
                        f"it would unpack to more than {MAX_BYTES} bytes: "
                        "use a file of VGG16 or VGG19"
                    )
    except OSError as error:
        raise WeightsError(
            f"it cannot be unpacked: {files.reason(error)}; "
            "check that the folder for temporary files has room"
        ) from None
    except zlib.error as error:
        raise damaged(element.start, f"begins what cannot be unpacked ({error})") from None
    if not unpacker.eof:
        raise damaged(element.start, "begins what is packed and cut off")
    return start, target.tell()


@dataclass(frozen=True)
class Element:
    """A number of a type, and where its content is."""

    kind: int
    start: int
    end: int


class Elements:
    """A file that is a sequence of elements, of which no more than `MAX_ELEMENTS` are taken."""

    def __init__(self, file: IO[bytes], order: Literal["<", ">"]) -> None:
        self.order: Literal["<", ">"] = order
        self._file = file
        self._left = MAX_ELEMENTS

    def at(self, position: int, end: int) -> tuple[Element, int]:
        """Return the element at a position of what ends at `end`, and the position of the next.

        Raises:
            WeightsError: there is none, or it ends later.
        """
        self._left -= 1
        if self._left < 0:
            raise WeightsError(
                f"it has more than {MAX_ELEMENTS} elements, expected some ten thousand: "
                "use a file of VGG16 or VGG19"
            )
        if end - position < 8:
            raise damaged(position, "should begin an element")
        kind, size = map(int, np.frombuffer(self.read(position, position + 8), f"{self.order}u4"))
        if kind >> 16:  # four bytes and less are in the place of the size
            element = Element(kind & 0xFFFF, position + 4, position + 4 + (kind >> 16))
            if element.end > position + 8:
                raise damaged(position, f"begins a small element of {kind >> 16} bytes")
            return element, position + 8
        element = Element(kind, position + 8, position + 8 + size)
        if element.end > end:
            raise damaged(position, f"begins an element that ends {element.end - end} too late")
        return element, min(element.end + -size % 8, end)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes of a place.

        Raises:
            WeightsError: the file has become shorter.
        """
        self._file.seek(start)
        content = self._file.read(end - start)
        if len(content) < end - start:
            raise damaged(start, "ends too early")
        return content

    def small(self, element: Element) -> bytes:
        """Return the bytes of an element of names or lengths.

        Raises:
            WeightsError: it is longer than these can be.
        """
        if element.end - element.start > MAX_TEXT:
            raise damaged(element.start, f"begins a text of {element.end - element.start} bytes")
        return self.read(element.start, element.end)


class Array:
    """A matrix of MATLAB's, which everything is: numbers, characters, cells or structs."""

    def __init__(self, elements: Elements, element: Element) -> None:
        if element.kind != _MATRIX:
            raise damaged(element.start, f"has type {element.kind}, expected an array")
        self._elements, self._end = elements, element.end
        self.name, self.kind, self.shape = "", "float64", (0, 0)
        self._position = element.start
        if element.start == element.end:  # how an empty cell is written
            return
        flags = self._numbers()
        lengths = self._numbers()
        if not 2 <= len(lengths) <= MAX_AXES or min(lengths) < 0 or not flags:
            raise damaged(element.start, f"begins an array of the shape {str(lengths)[:80]}")
        self.name = printable(elements.small(self._next()).decode("latin-1"))
        kind = flags[0] & 0xFF
        self.kind = _CLASSES.get(kind, f"of MATLAB's class {kind}")
        if kind in _NUMERIC and flags[0] & _COMPLEX:
            self.kind = "complex"
        self.shape = tuple(lengths)

    def cells(self) -> Iterator[Array]:
        """Yield the arrays in a cell array, first axis first; none of another kind of array."""
        if self.kind != "cell":
            return
        position = self._position
        for _ in range(math.prod(self.shape)):  # each takes bytes, so these end it too
            element, position = self._elements.at(position, self._end)
            yield Array(self._elements, element)

    def fields(self) -> dict[str, Array]:
        """Return what is in a single struct by name; nothing of another kind of array."""
        if self.kind != "struct" or math.prod(self.shape) != 1:
            return {}
        start = self._position
        lengths = self._numbers()
        names = self._elements.small(self._next())
        position, self._position = self._position, start
        if not lengths or lengths[0] < 1:
            return {}
        found = {}
        for begin in range(0, len(names), lengths[0]):
            element, position = self._elements.at(position, self._end)
            name = names[begin : begin + lengths[0]].split(b"\0")[0].decode("latin-1")
            found[name] = Array(self._elements, element)
        return found

    def text(self) -> str:
        """Return the characters of an array of them; "" for another kind of array."""
        if self.kind != "char" or 0 in self.shape:
            return ""
        element, _ = self._elements.at(self._position, self._end)
        encoding = _ENCODINGS.get(element.kind, "latin-1")
        if encoding in ("utf-16", "utf-32"):
            encoding += "-le" if self._elements.order == "<" else "-be"
        return printable(self._elements.small(element).decode(encoding, errors="replace"))

    def values(self) -> np.ndarray:
        """Return the numbers of a numeric array.

        Raises:
            WeightsError: they are no numbers, or not as many as the shape has.
        """
        element, _ = self._elements.at(self._position, self._end)
        if self.kind not in _CLASSES.values() or element.kind not in _STORED:
            raise damaged(element.start, f"begins {self.kind} values of type {element.kind}")
        stored = np.dtype(_STORED[element.kind]).newbyteorder(self._elements.order)
        found, expected = element.end - element.start, math.prod(self.shape) * stored.itemsize
        if found != expected:
            raise damaged(
                element.start,
                f"begins {found} bytes of values, expected {expected} for the shape {self.shape}, ",
            )
        values = np.frombuffer(self._elements.read(element.start, element.end), stored)
        return values.astype(self.kind).reshape(self.shape, order="F")

    def _next(self) -> Element:
        element, self._position = self._elements.at(self._position, self._end)
        return element

    def _numbers(self) -> list[int]:
        """Return the 32-bit integers of the next element: flags or lengths."""
        content = self._elements.small(self._next())
        if len(content) % 4:
            raise damaged(self._position, "ends lengths that are no integers")
        return np.frombuffer(content, f"{self._elements.order}i4").tolist()
