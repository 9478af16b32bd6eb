"""The encoding of Protocol Buffers, of which Caffe's and ONNX's files are made.

Not the `protobuf` package, nor `onnx` on top of it: both make an object of every message in a file,
30 to 90 bytes for each byte of one that was made to fill the memory, and copy the dense layers of a
VGG, nine tenths of it, which nobody needs. Here a message is a list of places in the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from weights_tools.errors import WeightsError
from weights_tools.readers.damage import damaged

# A VGG has some hundred layers of some ten fields; exports also keep a stack trace of each.
MAX_FIELDS = 200_000
# Longer names are no names, and would end up in messages.
MAX_TEXT = 1000
MAX_AXES = 8
_LONGEST_VARINT = 10
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


@dataclass(frozen=True)
class Span:
    """A place in the file."""

    start: int
    end: int


class Wire:
    """A file, from which no more than `MAX_FIELDS` fields are taken."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._fields_left = MAX_FIELDS

    def message(self) -> Message:
        """Return the message that the whole file is."""
        return Message(self, Span(0, self._file.seek(0, 2)))

    def read(self, span: Span) -> bytes:
        """Return the bytes of a place.

        Raises:
            WeightsError: the file has become shorter.
        """
        self._file.seek(span.start)
        content = self._file.read(span.end - span.start)
        if len(content) < span.end - span.start:
            raise damaged(span.start, "ends too early")
        return content

    def count(self, fields: int = 1) -> None:
        """Take `fields` from those that may still be read.

        Raises:
            WeightsError: none are left.
        """
        self._fields_left -= fields
        if self._fields_left < 0:
            raise WeightsError(
                f"it has more than {MAX_FIELDS} fields, expected some thousand: "
                "use a file of VGG16 or VGG19"
            )


class Message:
    """The fields of one message by their numbers; what is in them is not yet read.

    A field of another type than is asked for is as good as absent, which is how the encoding's own
    library has it too.
    """

    def __init__(self, wire: Wire, span: Span) -> None:
        self._wire = wire
        self._fields: dict[int, list[int | Span]] = {}
        for number, value in _fields(wire, span):
            self._fields.setdefault(number, []).append(value)

    def messages(self, number: int) -> Iterator[Message]:
        """Yield the messages in a field, one after the other."""
        for span in self._spans(number):
            yield Message(self._wire, span)

    def message(self, number: int) -> Message | None:
        """Return the message in a field that is there once, or None."""
        spans = self._spans(number)
        return Message(self._wire, spans[-1]) if spans else None

    def texts(self, number: int) -> list[str]:
        """Return the texts in a field."""
        return [self._text(span) for span in self._spans(number)]

    def text(self, number: int) -> str:
        """Return the text in a field that is there once, or ""."""
        spans = self._spans(number)
        return self._text(spans[-1]) if spans else ""

    def integer(self, number: int, default: int = 0) -> int:
        """Return the signed integer in a field that is there once."""
        found = [each for each in self._fields.get(number, []) if isinstance(each, int)]
        return _signed(found[-1]) if found else default

    def integers(self, number: int) -> list[int]:
        """Return the signed integers in a field, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, []):
            if isinstance(value, int):
                found.append(_signed(value))
            else:
                found.extend(self._packed(value))
        return found

    def has(self, number: int) -> bool:
        """Tell whether a field is there."""
        return number in self._fields

    def shape(self, number: int) -> tuple[int, ...]:
        """Return the lengths of an array's axes.

        Raises:
            WeightsError: so many that NumPy, and a reader of messages, could not hold them.
        """
        shape = self.integers(number)
        if len(shape) > MAX_AXES:
            raise WeightsError(
                f"it has an array of {len(shape)} axes, expected at most {MAX_AXES}: "
                "use a file of VGG16 or VGG19"
            )
        return tuple(shape)

    def array(self, number: int, dtype: str, shape: tuple[int, ...], name: str) -> np.ndarray:
        """Return the numbers of fixed size in a field, packed or not, as an array.

        Raises:
            WeightsError: they are not as many as the shape has; `name` says whose they are.
        """
        stored = np.dtype(dtype).newbyteorder("<")
        spans = self._spans(number)
        found = sum(span.end - span.start for span in spans)
        expected = math.prod(shape) * stored.itemsize
        if min(shape, default=1) < 1 or found != expected:
            raise WeightsError(
                f"{name} has {found} bytes of values, expected {max(expected, 0)} for the shape "
                f"{shape}: download or copy the file again"
            )
        return np.frombuffer(b"".join(map(self._wire.read, spans)), stored).reshape(shape)

    def _spans(self, number: int) -> list[Span]:
        return [each for each in self._fields.get(number, []) if isinstance(each, Span)]

    def _text(self, span: Span) -> str:
        if span.end - span.start > MAX_TEXT:
            raise damaged(span.start, f"has a name of {span.end - span.start} bytes")
        return self._wire.read(span).decode(errors="replace")

    def _packed(self, span: Span) -> Iterator[int]:
        # Each takes a byte at least; counting them first bounds what is read.
        self._wire.count(span.end - span.start)
        content, position = self._wire.read(span), 0
        while position < len(content):
            value, position = _varint(content, position, span.start)
            yield _signed(value)


def _fields(wire: Wire, span: Span) -> Iterator[tuple[int, int | Span]]:
    """Yield the number of every field, and its integer or where its content is."""
    position = span.start
    while position < span.end:
        wire.count()
        # Enough for a field's key and its length or value.
        head = wire.read(Span(position, min(position + 2 * _LONGEST_VARINT, span.end)))
        key, used = _varint(head, 0, position)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, used = _varint(head, used, position)
            position += used
            yield number, value
            continue
        if kind == _LENGTH:
            length, used = _varint(head, used, position)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise damaged(position, f"begins a field of the unknown type {kind}")
        content = Span(position + used, position + used + length)
        if content.end > span.end:
            raise damaged(position, f"begins a field that ends {content.end - span.end} too late")
        position = content.end
        yield number, content


def _varint(content: bytes, position: int, start: int) -> tuple[int, int]:
    """Return an integer of variable length and the position after it; `start` is for messages."""
    value = 0
    for shift, byte in enumerate(content[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, position + shift + 1
    raise damaged(start + position, "begins an integer that does not end")


def _signed(value: int) -> int:
    """Return what 64 bits mean in two's complement."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value
