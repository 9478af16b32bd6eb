"""A progress bar on stderr that vanishes at the end, where somebody watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


def is_watched() -> bool:
    """Tell whether stderr is a terminal."""
    return sys.stderr.isatty()


class Bar:
    """How much of a file has come, as a context manager; `start` shows it."""

    def __init__(self, name: str, *, shown: bool) -> None:
        self._name = name
        self._shown = shown
        self._bar: Any = None

    def start(self, total: int | None, have: int = 0) -> None:
        """Begin to show `have` of `total` bytes; once more for the next server."""
        self.close()
        if self._shown:
            self._bar = _bar()
            self._bar.add_task(self._name, total=total, completed=have)
            self._bar.start()

    def advance(self, count: int) -> None:
        """Count `count` bytes more."""
        if self._bar:
            self._bar.advance(self._bar.task_ids[0], count)

    def close(self) -> None:
        """Remove the bar; once more is no harm."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
