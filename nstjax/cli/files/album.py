"""What a command has on disk that makes many pictures: the pictures, their index, and a sheet."""

import contextlib
import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from nstjax.cli.files.album_files import AlbumFiles, Entry, read_index, rename
from nstjax.errors import UserError
from nstjax.files import write_whole
from nstjax.images import ContactSheet, read, shrink, to_bytes, write
from nstjax.result import Result
from nstjax.together import Outcome

MISSING, FAILED = "not made yet", "failed"


class AlbumCell(Hashable, Protocol):
    """One picture of an album."""

    @property
    def place(self) -> tuple[int, int]:
        """Row and column on the sheet, from 0."""
        ...

    @property
    def about(self) -> str:
        """What sets it apart, in one line."""
        ...


Cell = TypeVar("Cell", bound=AlbumCell)


class Plan(Protocol[Cell]):
    """What shall be in an album, and how it is written."""

    files: AlbumFiles

    @property
    def cells(self) -> Sequence[Cell]:
        """The pictures, in order."""
        ...

    @property
    def sheet(self) -> ContactSheet | None:
        """The layout of the sheet; None where too many pictures would be on it."""
        ...

    def file_name(self, cell: Cell) -> str:
        """What a picture is called."""
        ...

    def recipe(self, cell: Cell) -> str:
        """The text that a picture carries, no two the same in a folder."""
        ...

    def origin(self, cell: Cell) -> str:
        """What it is made from, in one number.

        Raises `UserError` where that cannot be read.
        """
        ...

    def left_over(self) -> dict[str, list[Path]]:
        """Pictures of earlier runs, by the text that they carry."""
        ...

    def write(self, cell: Cell, path: Path, pixels: np.ndarray) -> str:
        """Writes a picture; returns what a person should know of it, empty if there is nothing."""
        ...

    def index_head(self) -> dict[str, Any]:
        """What the index says of all pictures."""
        ...

    def index_entry(self, cell: Cell) -> Entry:
        """What the index says of a picture, whether it is there or not."""
        ...


class Album(Generic[Cell]):
    """The pictures of a plan. Those that are there are known by the recipes that they carry."""

    def __init__(self, plan: Plan[Cell]):
        self._plan = plan
        self._entries: dict[Cell, Entry] = {}
        self.failed: dict[Cell, str] = {}  # and why
        self.remarks: list[str] = []  # on pictures that were written
        self._shown: dict[tuple[int, int], np.ndarray | str] = {}

    def path(self, cell: Cell) -> Path:
        """Where the picture of a cell lies."""
        return self._plan.files.folder / self._plan.file_name(cell)

    @property
    def count(self) -> int:
        """How many pictures there shall be."""
        return len(self._plan.cells)

    @property
    def missing(self) -> list[Cell]:
        """The cells that have neither a picture nor failed."""
        return [cell for cell in self._plan.cells if cell not in self._entries]

    def part(self, number: int, count: int) -> list[Cell]:
        """What is missing of the pictures of one of several hosts."""
        own = set(self._plan.cells[number::count])
        return [cell for cell in self.missing if cell in own]

    def find(self) -> int:
        """Takes over the pictures that an earlier run has left, and returns how many.

        They may have other names there, if the plan says so. A damaged one is as none.
        """
        entries = read_index(self._plan.files.index)
        there = self._plan.left_over()
        found: dict[Cell, Path] = {}
        for cell in self._plan.cells:
            wanted, text = self.path(cell), self._plan.recipe(cell)
            for file in sorted(there.get(text, ()), key=lambda file, wanted=wanted: file != wanted):
                if self._is_of(cell, entries.get(file.name, {}).get("origin")):
                    found[cell] = file
                    break
        rename([(file, self.path(cell)) for cell, file in found.items()])
        for cell, file in found.items():
            with contextlib.suppress(UserError):
                self._take(cell, entries.get(file.name, {}))
        return len(self._entries)

    def _is_of(self, cell: Cell, origin: str | None) -> bool:
        """Whether a picture of a cell's recipe is made from the cell's files."""
        try:
            # A picture that no index knows is believed.
            return origin in (None, self._plan.origin(cell))
        except UserError:  # told when it is read
            return False

    def add(self, cell: Cell, outcome: Outcome, seconds: float) -> None:
        """Writes a picture, or remembers that there is none. Index and sheet are not."""
        if not isinstance(outcome, Result):
            self.failed[cell] = str(outcome)
            self._entries[cell] = {"error": str(outcome)}
            self._shown[cell.place] = FAILED
            return
        path = self.path(cell)
        self._plan.files.make_room(path)
        if remark := self._plan.write(cell, path, outcome.image):
            self.remarks.append(remark)
        if outcome.remark:
            self.remarks.append(f"{cell.about}: {outcome.remark}")
        losses = {name: float(term[-1]) for name, term in outcome.history._asdict().items()}
        self._take(cell, {"losses": losses, "seconds": round(seconds, 2)})

    def _take(self, cell: Cell, entry: Entry) -> None:
        """Puts a picture that is there into index and sheet; raises `UserError` for a damaged one."""
        pixels = read(self.path(cell))
        height, width = pixels.shape[:2]
        self._entries[cell] = {
            "size": [width, height],
            "losses": entry.get("losses"),
            "seconds": entry.get("seconds"),
            "origin": self._plan.origin(cell),
        }
        if self._plan.sheet is not None:
            self._shown[cell.place] = to_bytes(shrink(pixels, self._plan.sheet.largest))

    def write_index(self) -> None:
        """Writes what is known of every cell."""
        files = self._plan.files
        cells = []
        for cell in self._plan.cells:
            entry = self._entries.get(cell, {})
            place = self.path(cell).relative_to(files.index.parent).as_posix()
            file = place if "size" in entry else None
            row, column = cell.place
            about = {"file": file, "row": row, "column": column, **self._plan.index_entry(cell)}
            cells.append(about | entry)
        text = json.dumps({**self._plan.index_head(), "cells": cells}, indent=1)
        files.make_room(files.index)
        write_whole(files.index, text.encode())

    def write_sheet(self) -> None:
        """Draws and writes the sheet, with what there is."""
        if self._plan.sheet is None:
            return
        missing = {cell.place: MISSING for cell in self._plan.cells}
        self._plan.files.make_room(self._plan.files.sheet)
        write(self._plan.files.sheet, self._plan.sheet.draw({**missing, **self._shown}))
