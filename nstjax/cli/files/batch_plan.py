"""What a batch makes: a picture of each pair of content and style, and a sheet with all of them."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from nstjax.cli.files.album_files import Entry, pictures_by_recipe
from nstjax.cli.files.batch_files import BatchFiles, Pair
from nstjax.cli.files.inputs import Inputs, Tools, longest_style, recipe_for
from nstjax.cli.files.origin import Origins
from nstjax.cli.parsing.arguments import (
    SMALLEST_THUMBNAIL,
    Arguments,
    BatchArguments,
    StylizeArguments,
)
from nstjax.errors import UserError
from nstjax.images import ContactSheet, Picture, read_picture, scaled
from nstjax.settings.recipe import Recipe

MOST_PIXELS = 2**24  # of a sheet: it is drawn again and again
SMALLER = 0.8  # thumbnails are made so many times as large until they fit

Shape = tuple[int, int]  # height and width


class BatchPlan:
    """The `Plan` of a batch. Pictures are read when their turn comes, and kept until written."""

    def __init__(
        self,
        arguments: BatchArguments,
        files: BatchFiles,
        tools: Tools,
        shapes: Sequence[Shape | None],  # of each picture to come, where that is known
    ):
        self.files, self.cells = files.album, files.pairs
        self.sheet = _layout(files, arguments, shapes)
        self.remarks: dict[str, None] = {}  # on files that were read, in order
        self._arguments, self._tools = arguments, tools
        self._origins = Origins(arguments.run.bit_depth)
        self._opened: dict[Pair, tuple[Inputs, Picture]] = {}  # the style too, for the next pair
        self._pictures: WeakValueDictionary[tuple[Path, int], Picture] = WeakValueDictionary()
        self._unreadable: dict[Path, str] = {}

    def open(self, pair: Pair) -> Inputs:
        """Reads what a picture is made from.

        Raises `UserError` for a file that is no picture.
        """
        settings = self._arguments.settings
        self.origin(pair)  # of the file as it is now
        content = self._read(pair.content, settings.size)
        style = self._read(pair.style, longest_style(settings))
        arguments = self._arguments_of(pair)
        opened = Inputs(arguments, content, [pair.style], [style.pixels], None, self._tools, [])
        self._opened[pair] = opened, style
        return opened

    def close_all(self) -> None:
        """Forgets the pictures that were read."""
        self._opened.clear()

    def file_name(self, cell: Pair) -> str:
        """Content and style."""
        return cell.name

    def recipe(self, cell: Pair) -> str:
        """The text that a picture carries."""
        return self._recipe(cell).to_json()

    def origin(self, cell: Pair) -> str:
        """What it is made from; raises `UserError` where that cannot be read."""
        made_of = [cell.content, cell.style, self._tools.network.file]
        return self._origins.of(made_of, self._arguments.settings)

    def left_over(self) -> dict[str, list[Path]]:
        """The pictures that have the names of this batch's."""
        return pictures_by_recipe(
            self.files.folder, {cell.name for cell in self.cells}.__contains__
        )

    def write(self, cell: Pair, path: Path, pixels: np.ndarray) -> str:
        """Writes a picture that is open, with what it takes along from its content."""
        opened, _ = self._opened[cell]
        return opened.write(path, pixels, self._recipe(cell))

    def index_head(self) -> dict[str, Any]:
        """The recipe but for the pictures."""
        recipe = json.loads(self.recipe(self.cells[0]))
        pictures = ("content", "styles", "masks", "style_masks")
        return {name: value for name, value in recipe.items() if name not in pictures}

    def index_entry(self, cell: Pair) -> Entry:
        """Names of content and style: an index that is shown tells of no folders."""
        return {"content": cell.content.name, "style": cell.style.name}

    def _recipe(self, cell: Pair) -> Recipe:
        settings = self._arguments.settings
        return recipe_for(self._arguments_of(cell), [cell.style], settings, self._tools)

    def _arguments_of(self, pair: Pair) -> StylizeArguments:
        """As one would call for this picture alone."""
        common = {each.name: getattr(self._arguments, each.name) for each in fields(Arguments)}
        return StylizeArguments(content=pair.content, styles=(pair.style,), **common)

    def _read(self, file: Path, long_side: int) -> Picture:
        if file in self._unreadable:
            raise UserError(self._unreadable[file])
        found = self._pictures.get((file, long_side))
        if found is None:
            try:
                found = read_picture(file, long_side=long_side)
            except UserError as error:
                self._unreadable[file] = str(error)
                raise
            self._pictures[file, long_side] = found
            self.remarks.update(dict.fromkeys(f"{file} {remark}" for remark in found.remarks))
        return found


def _layout(
    files: BatchFiles, arguments: BatchArguments, shapes: Sequence[Shape | None]
) -> ContactSheet | None:
    """The sheet with thumbnails as large as they may be; None where even the least are too many."""
    long_side = min(arguments.thumbnail, arguments.settings.size)
    while True:
        # Of what is not known the largest that it can be.
        small = [scaled(*(shape or (1, 1)), long_side) for shape in shapes]
        box = max(1, *(height for height, _ in small)), max(1, *(width for _, width in small))
        sheet = ContactSheet(box, files.rows, files.columns, [])
        height, width = sheet.size
        if height * width <= MOST_PIXELS:
            return sheet
        if long_side <= SMALLEST_THUMBNAIL:
            return None
        long_side = max(SMALLEST_THUMBNAIL, round(SMALLER * long_side))
