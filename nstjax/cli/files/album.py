"""What a sweep has on disk: a folder of pictures, their index, and the sheet."""

import json
from pathlib import Path

import numpy as np

from nstjax.cli.files.album_files import (
    Entry,
    folder_of,
    index_of,
    pictures_by_recipe,
    read_index,
    rename,
)
from nstjax.cli.files.inputs import Inputs
from nstjax.cli.files.origin import origins
from nstjax.cli.parsing.grid import Cell, Grid
from nstjax.errors import UserError
from nstjax.files import write_whole
from nstjax.images import ContactSheet, Example, check_writable, read, scaled, shrink, write
from nstjax.result import Result

MISSING, FAILED = "not made yet", "failed"
MOST_PIXELS = 2**26  # of a sheet


class Album:
    """The pictures of a grid. Those that are there are known by the recipes that they carry."""

    def __init__(self, output: Path, grid: Grid, inputs: Inputs, thumbnail: int):
        self._output, self._grid, self._inputs = output, grid, inputs
        self._folder, self._index = folder_of(output), index_of(output)
        self._recipes = {cell: inputs.recipe(cell.settings) for cell in grid.cells}
        self._texts = {cell: recipe.to_json() for cell, recipe in self._recipes.items()}
        self._check_recipes()
        found = origins(inputs, [cell.settings for cell in grid.cells])
        self._origins = dict(zip(grid.cells, found, strict=True))
        self._entries: dict[Cell, Entry] = {}
        self.failed: dict[Cell, str] = {}  # and why
        self.remarks: list[str] = []  # on pictures that were written
        self._shown: dict[tuple[int, int], np.ndarray | str] = {}
        self._sheet = self._layout(thumbnail)

    def _layout(self, thumbnail: int) -> ContactSheet:
        content, styles = self._inputs.content, self._inputs.styles
        assert content is not None  # every sweep has one
        height, width = content.pixels.shape[:2]
        sizes = [
            scaled(height, width, min(cell.settings.size, thumbnail)) for cell in self._grid.cells
        ]
        examples = [Example(content.pixels, "content")]
        examples += [Example(style, "style") for style in styles]
        # A narrow picture still is a line there.
        box = max(1, *(height for height, _ in sizes)), max(1, *(width for _, width in sizes))
        smaller = [each._replace(pixels=shrink(each.pixels, box)) for each in examples]
        sheet = ContactSheet(box, self._grid.rows, self._grid.columns, smaller)
        height, width = sheet.size
        if height * width > MOST_PIXELS:
            raise UserError(
                f"the sheet would have {width}x{height} pixels: use a smaller --thumbnail, or fewer "
                "values"
            )
        check_writable(self._output, long_side=max(height, width))
        return sheet

    def _check_recipes(self) -> None:
        """Files of one name in several folders would be told apart by nothing."""
        cells: dict[str, Cell] = {}
        for cell, text in self._texts.items():
            other = cells.setdefault(text, cell)
            if other is not cell:
                raise UserError(
                    f"--over gives pictures {other.number} and {cell.number} the same settings: leave "
                    "one out, or give each file a name of its own"
                )

    def path(self, cell: Cell) -> Path:
        """Where the picture of a cell lies."""
        return self._folder / cell.file_name(self._output.suffix)

    @property
    def missing(self) -> list[Cell]:
        """The cells that have neither a picture nor failed."""
        return [cell for cell in self._grid.cells if cell not in self._entries]

    def find(self) -> int:
        """Takes over the pictures that an earlier run has left, and returns how many.

        They may have other numbers there: values can be added to a sweep, or be taken away.
        """
        entries = read_index(self._index)
        there = pictures_by_recipe(self._folder, self._output.suffix)
        found: dict[Cell, Path] = {}
        for cell, text in self._texts.items():
            wanted = self.path(cell)
            for file in sorted(there.get(text, ()), key=lambda file, wanted=wanted: file != wanted):
                # A picture that no index knows is believed.
                origin = entries.get(file.name, {}).get("origin", self._origins[cell])
                if origin == self._origins[cell]:
                    found[cell] = file
                    break
        rename([(file, self.path(cell)) for cell, file in found.items()])
        for cell, file in found.items():
            self._take(cell, entries.get(file.name, {}))
        return len(found)

    def add(self, cell: Cell, result: Result | FloatingPointError, seconds: float) -> None:
        """Writes a picture, or remembers that there is none. Index and sheet are not."""
        if isinstance(result, FloatingPointError):
            self.failed[cell] = str(result)
            self._entries[cell] = {"error": str(result)}
            self._shown[cell.place] = FAILED
            return
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {self._folder}: {error.strerror}") from None
        if remark := self._inputs.write(self.path(cell), result.image, self._recipes[cell]):
            self.remarks.append(remark)
        losses = {name: float(term[-1]) for name, term in result.history._asdict().items()}
        self._take(cell, {"losses": losses, "seconds": round(seconds, 2)})

    def _take(self, cell: Cell, entry: Entry) -> None:
        """Puts a picture that is there into index and sheet."""
        pixels = read(self.path(cell))
        height, width = pixels.shape[:2]
        self._entries[cell] = {
            "size": [width, height],
            "losses": entry.get("losses"),
            "seconds": entry.get("seconds"),
            "origin": self._origins[cell],
        }
        self._shown[cell.place] = shrink(pixels, self._sheet.largest)

    def write_index(self) -> None:
        """Writes what is known of every cell."""
        swept = [axis.name for axis in self._grid.axes]
        recipes = {cell: json.loads(text) for cell, text in self._texts.items()}
        first = recipes[self._grid.cells[0]]
        cells = []
        for cell in self._grid.cells:
            entry = self._entries.get(cell, {})
            file = f"{self._folder.name}/{self.path(cell).name}" if "size" in entry else None
            row, column = cell.place
            settings = {name: recipes[cell]["settings"][name] for name in swept}
            cells.append({"file": file, "row": row, "column": column, "settings": settings} | entry)
        about = {name: value for name, value in first.items() if name != "settings"}
        text = json.dumps({**about, "swept": swept, "cells": cells}, indent=1)
        write_whole(self._index, text.encode())

    def write_sheet(self) -> None:
        """Draws and writes the sheet, with what there is."""
        missing = {cell.place: MISSING for cell in self._grid.cells}
        write(self._output, self._sheet.draw({**missing, **self._shown}) / np.float32(255))
