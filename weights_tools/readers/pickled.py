"""Pickles as data: what a pickle would do is written down, and none of it is done.

A pickle is a program that may call any function of any module. Here the few operations that
pickles of arrays and tensors consist of are carried out on inert objects: a global is a `Name`, a
call of it a `Call`. Nothing is imported or called, a memo is a dictionary (CPython allocates one as
long as its largest index), and long data stay in the file.
"""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Container
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, Any

from weights_tools.errors import WeightsError, printable

# A VGG takes some 2000; a training checkpoint with its optimizer a few times that.
MAX_OPERATIONS = 100_000
# Longer data are left in the file; names are shorter, the values of a layer longer.
_INLINE = 1024
_LONGEST_NAME = 200


@dataclass(frozen=True, eq=False)
class Name:
    """A global that a pickle would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Call:
    """A call that a pickle would make, and what it would then put into the result."""

    function: Name
    arguments: tuple[Any, ...]
    state: Any = None
    items: dict[str | int, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Persistent:
    """A reference to something outside the pickle: torch keeps its storages there."""

    key: Any


@dataclass(frozen=True, eq=False)
class Span:
    """Data that were left in the file."""

    start: int
    length: int
    encoding: str | None  # of text; None: bytes

    def read(self, file: IO[bytes]) -> bytes:
        """Read the data; text, as Python 2 wrote its strings, as one byte a character."""
        file.seek(self.start)
        data = file.read(self.length)
        return data.decode(self.encoding).encode("latin-1") if self.encoding == "utf-8" else data


def read_pickle(file: IO[bytes], names: Container[str], remedy: str) -> tuple[Any, list[Any]]:
    """Read the one pickle that begins here, and leave the file behind its end.

    Args:
        file: positioned at the pickle.
        names: the globals that may occur in it.
        remedy: what to do if another occurs, as an order.

    Returns:
        what it holds: numbers, text, lists, tuples, dictionaries whose keys are text or numbers,
        and the classes of this module; and, in their order, every `Call` and `Persistent` in it.

    Raises:
        WeightsError: another global, or more operations than any VGG takes.
        Exception: of other kinds, if it is damaged.
    """
    try:
        return _Machine(file, names, remedy).run()
    except (IndexError, AttributeError):
        # An operation found nothing to work on, or something of another kind.
        raise ValueError("the operations of its pickle do not fit together") from None


_CONSTANTS = MappingProxyType(
    {pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False, pickle.EMPTY_TUPLE: ()}
)
_CONTAINERS = MappingProxyType({pickle.EMPTY_DICT: dict, pickle.EMPTY_LIST: list})
_NUMBERS = MappingProxyType(
    {pickle.BININT: "<i", pickle.BININT1: "<B", pickle.BININT2: "<H", pickle.BINFLOAT: ">d"}
)
_MEMO = MappingProxyType(
    {
        pickle.BINGET: "<B",
        pickle.LONG_BINGET: "<I",
        pickle.BINPUT: "<B",
        pickle.LONG_BINPUT: "<I",
    }
)
# The format of the length, and the encoding of text.
_DATA = MappingProxyType(
    {
        pickle.SHORT_BINSTRING: ("<B", "latin-1"),  # of Python 2: bytes or text, nothing says
        pickle.BINSTRING: ("<I", "latin-1"),
        pickle.SHORT_BINUNICODE: ("<B", "utf-8"),
        pickle.BINUNICODE: ("<I", "utf-8"),
        pickle.BINUNICODE8: ("<Q", "utf-8"),
        pickle.SHORT_BINBYTES: ("<B", None),
        pickle.BINBYTES: ("<I", None),
        pickle.BINBYTES8: ("<Q", None),
    }
)
_TUPLES = MappingProxyType({pickle.TUPLE1: 1, pickle.TUPLE2: 2, pickle.TUPLE3: 3})


class _Machine:
    """Carries out one pickle."""

    def __init__(self, file: IO[bytes], names: Container[str], remedy: str):
        self.file = file
        self.size = _size(file)
        self.names = names
        self.remedy = remedy
        self.stack: list[Any] = []
        self.marked: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}
        self.made: list[Any] = []

    def run(self) -> tuple[Any, list[Any]]:
        for _ in range(MAX_OPERATIONS):
            code = self.file.read(1)
            if code == pickle.STOP:
                return self.stack.pop(), self.made
            self.carry_out(code)
        raise WeightsError(
            f"its pickle has more than {MAX_OPERATIONS} operations: "
            "give a file with the weights of VGG16 or VGG19 only"
        )

    def carry_out(self, code: bytes) -> None:
        if code in _CONSTANTS:
            self.stack.append(_CONSTANTS[code])
        elif code in _CONTAINERS:
            self.stack.append(_CONTAINERS[code]())
        elif code in _NUMBERS:
            self.stack.append(self.number(_NUMBERS[code]))
        elif code in _DATA:
            self.stack.append(self.data(*_DATA[code]))
        elif code in _MEMO:
            self.remember(code, self.number(_MEMO[code]))
        elif code in _TUPLES:
            self.stack.append(tuple(self.pop(_TUPLES[code])))
        else:
            self.combine(code)

    def combine(self, code: bytes) -> None:
        match code:
            case pickle.MARK:
                self.marked.append(self.stack)
                self.stack = []
            case pickle.TUPLE:
                items = self.pop_to_mark()
                self.stack.append(tuple(items))
            case pickle.APPEND:
                self.extend(self.pop(1))
            case pickle.APPENDS:
                self.extend(self.pop_to_mark())
            case pickle.SETITEM:
                self.update(self.pop(2))
            case pickle.SETITEMS:
                self.update(self.pop_to_mark())
            case pickle.GLOBAL:
                self.stack.append(self.name(self.line(), self.line()))
            case pickle.STACK_GLOBAL:
                self.stack.append(self.name(*self.pop(2)))
            case pickle.REDUCE:
                self.make(_call(*self.pop(2)))
            case pickle.BUILD:
                (state,) = self.pop(1)
                self.top(Call).state = state
            case pickle.BINPERSID:
                self.make(Persistent(*self.pop(1)))
            case pickle.MEMOIZE:
                self.memo[len(self.memo)] = self.stack[-1]
            case pickle.LONG1:
                length = self.number("<B")
                self.stack.append(int.from_bytes(self.read(length), "little", signed=True))
            case pickle.PROTO:
                self.number("<B")
            case pickle.FRAME:
                self.number("<Q")
            case b"":
                raise ValueError("it is cut short")
            case _:
                raise ValueError(f"its pickle has the operation {code!r}, which weights lack")

    def read(self, length: int) -> bytes:
        data = self.file.read(length)
        if len(data) < length:
            raise ValueError("it is cut short")
        return data

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.read(struct.calcsize(layout)))[0]

    def line(self) -> str:
        return self.file.readline(_LONGEST_NAME).decode().removesuffix("\n")

    def data(self, layout: str, encoding: str | None) -> str | bytes | Span:
        length = self.number(layout)
        start = self.file.tell()
        if length > self.size - start:
            raise ValueError(f"its pickle claims {length} bytes where {self.size - start} are left")
        if length > _INLINE:
            self.file.seek(length, os.SEEK_CUR)
            return Span(start, length, encoding)
        data = self.read(length)
        return data.decode(encoding) if encoding else data

    def remember(self, code: bytes, index: int) -> None:
        if code in (pickle.BINGET, pickle.LONG_BINGET):
            self.stack.append(self.memo[index])
        else:
            self.memo[index] = self.stack[-1]

    def name(self, module: Any, name: Any) -> Name:
        found = f"{module}.{name}"
        if found not in self.names:
            raise WeightsError(
                f"it holds a pickled object ({printable(found)}) that could run code: {self.remedy}"
            )
        return Name(module, name)

    def make(self, made: Call | Persistent) -> None:
        self.made.append(made)
        self.stack.append(made)

    def pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("its pickle takes more than is there")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def pop_to_mark(self) -> list[Any]:
        items = self.stack
        self.stack = self.marked.pop()
        return items

    def top(self, *kinds: type) -> Any:
        if not self.stack or not isinstance(self.stack[-1], kinds):
            raise TypeError("its pickle puts something where it cannot be")
        return self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def update(self, items: list[Any]) -> None:
        target = self.top(dict, Call)
        pairs = zip(items[::2], items[1::2], strict=True)
        (target.items if isinstance(target, Call) else target).update(
            (require_key(key), value) for key, value in pairs
        )


def require_key(key: Any) -> str | int:
    """Return a dictionary's key if it is text or a number.

    Tuples can be keys too, but nested ones that share their items take forever to hash.
    """
    if not isinstance(key, str | int):
        raise TypeError("its pickle has a key that is neither text nor a number")
    return key


def _call(function: Any, arguments: Any) -> Call:
    if not isinstance(function, Name) or not isinstance(arguments, tuple):
        raise TypeError("its pickle calls something that is no function")
    return Call(function, arguments)


def _size(file: IO[bytes]) -> int:
    """Return the length of a file that may be in memory only."""
    position = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(position)
    return end
