"""A file system of which one call fails: injected where Python asks for it."""

import builtins
import contextlib
import errno
import io
import os
import threading
from collections.abc import Iterator
from unittest import mock

CALLS = ("replace", "rename", "mkdir", "unlink", "fsync", "chmod", "open", "truncate")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
REAL_OPEN = io.open


class Disk:
    """Counts the calls that change files, and lets the one with a number fail, or all that follow."""

    def __init__(self, number: int, error: int, *, for_good: bool = False):
        self.calls: list[str] = []
        self._number, self._error, self._for_good = number, error, for_good
        self._lock = threading.Lock()  # pictures on the way are written by a thread

    @property
    def has_failed(self) -> bool:
        """Whether there were so many calls."""
        return len(self.calls) > self._number

    @property
    def failed_call(self) -> str:
        """Which call failed first."""
        return self.calls[self._number]

    def pass_or_fail(self, call: str) -> None:
        """Raises the error if it is due."""
        with self._lock:
            number = len(self.calls)
            self.calls.append(call)
        if number == self._number or (self._for_good and number > self._number):
            raise OSError(self._error, os.strerror(self._error))

    def open(self, file, mode="r", buffering=-1, *args, **options):
        """`open`, of which the opening and each writing may fail."""
        if isinstance(file, int) or not set(mode) & set("wxa+"):
            return REAL_OPEN(file, mode, buffering, *args, **options)
        self.pass_or_fail("open")
        raw = _Raw(self, file, mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, **options)

    @contextlib.contextmanager
    def mounted(self) -> Iterator["Disk"]:
        """While entered, every call goes through it."""
        with contextlib.ExitStack() as stack:
            for owner in (builtins, io):
                stack.enter_context(mock.patch.object(owner, "open", self.open))
            for name in CALLS:
                stack.enter_context(mock.patch.object(os, name, self._through(name)))
            yield self

    def _through(self, name):
        real = getattr(os, name)

        def call(*args, **options):
            self.pass_or_fail(name)
            return real(*args, **options)

        return call


class _Raw(io.FileIO):
    """A file that takes half of what it is given before it fails."""

    def __init__(self, disk: Disk, *args):
        self._disk = disk
        super().__init__(*args)

    def write(self, data):
        try:
            self._disk.pass_or_fail("write")
        except OSError:
            with contextlib.suppress(OSError):
                super().write(data[: len(data) // 2])
            raise
        return super().write(data)
