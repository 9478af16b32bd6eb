"""What a sweep makes: a picture of each settings, and a sheet that shows them under their values."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from nstjax.cli.files.album_files import OURS, AlbumFiles, Entry, pictures_by_recipe
from nstjax.cli.files.inputs import Inputs
from nstjax.cli.files.origin import Origins
from nstjax.cli.parsing.grid import Cell, Grid
from nstjax.errors import UserError
from nstjax.images import ContactSheet, Example, check_writable, scaled, shrink

MOST_PIXELS = 2**26  # of a sheet


class SweepPlan:
    """The `Plan` of a grid.

    Raises `UserError` for pictures that nothing would tell apart, and a sheet that would be too large.
    """

    def __init__(self, output: Path, grid: Grid, inputs: Inputs, thumbnail: int):
        self.files, self.cells = AlbumFiles.beside(output), grid.cells
        self._grid, self._inputs = grid, inputs
        self._recipes = {cell: inputs.recipe(cell.settings) for cell in grid.cells}
        self._texts = {cell: recipe.to_json() for cell, recipe in self._recipes.items()}
        self._check_recipes()
        origins = Origins(inputs.arguments.run.bit_depth)
        made_of = inputs.made_of
        self._origins = {cell: origins.of(made_of, cell.settings) for cell in grid.cells}
        self.sheet = self._layout(thumbnail)

    def file_name(self, cell: Cell) -> str:
        """A name with the picture's number and what is swept."""
        return cell.file_name(self.files.ending)

    def recipe(self, cell: Cell) -> str:
        """The text that a picture carries."""
        return self._texts[cell]

    def origin(self, cell: Cell) -> str:
        """What it is made from."""
        return self._origins[cell]

    def left_over(self) -> dict[str, list[Path]]:
        """The pictures in the folder; with other numbers where values were added or taken away."""

        def is_one(name: str) -> bool:
            return bool(OURS.match(name)) and Path(name).suffix == self.files.ending

        return pictures_by_recipe(self.files.folder, is_one)

    def write(self, cell: Cell, path: Path, pixels: np.ndarray) -> str:
        """Writes a picture with its recipe."""
        return self._inputs.write(path, pixels, self._recipes[cell])

    def index_head(self) -> dict[str, Any]:
        """The recipe but for settings, and the names of those that are swept."""
        first = json.loads(self._texts[self.cells[0]])
        about = {name: value for name, value in first.items() if name != "settings"}
        return {**about, "swept": [axis.name for axis in self._grid.axes]}

    def index_entry(self, cell: Cell) -> Entry:
        """The values of what is swept."""
        settings = json.loads(self._texts[cell])["settings"]
        return {"settings": {axis.name: settings[axis.name] for axis in self._grid.axes}}

    def _layout(self, thumbnail: int) -> ContactSheet:
        content, styles = self._inputs.content, self._inputs.styles
        assert content is not None  # every sweep has one
        height, width = content.pixels.shape[:2]
        sizes = [scaled(height, width, min(cell.settings.size, thumbnail)) for cell in self.cells]
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
        check_writable(self.files.sheet, long_side=max(height, width))
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
