"""Many small pictures on one, in rows and columns with labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from nstjax.images.lettering import Lettering
from nstjax.images.pixels import to_bytes
from nstjax.images.resize import resize

PAPER, BLANK = (255, 255, 255), (224, 224, 224)
NARROWEST = 120  # pixels of a column: labels must find room
SMALLEST_TEXT = 11  # pixels
LETTERS = 19  # text is so many times smaller than a picture

Box = tuple[int, int]  # height and width in pixels


class Example(NamedTuple):
    """A picture above the others, that they were made from."""

    pixels: np.ndarray  # (H, W, 3)
    caption: str


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """The layout of a sheet: examples on top, then labels, then boxes of one size for the pictures."""

    largest: Box  # of the pictures
    rows: Sequence[Sequence[str]]  # of each row the lines of its label, or none
    columns: Sequence[Sequence[str]]
    examples: Sequence[Example]

    @cached_property
    def size(self) -> Box:
        """Height and width of the sheet in pixels."""
        bottom, right = self._corner(len(self.rows), len(self.columns))
        # The first two examples always find room.
        return bottom, max(right, 2 * self._example[1] + 3 * self._gap)

    def draw(self, cells: Mapping[tuple[int, int], np.ndarray | str]) -> np.ndarray:
        """The sheet as uint8 `(H, W, 3)`.

        Args:
            cells: by row and column pixels `(H, W, 3)`, in [0, 1] or bytes, made smaller where they do
                not fit, or what to say in place of a picture.
        """
        image = Image.new("RGB", (self.size[1], self.size[0]), PAPER)
        pen = ImageDraw.Draw(image)
        self._draw_examples(image, pen)
        self._draw_labels(pen)
        height, width = self._box
        for (row, column), content in cells.items():
            top, left = self._corner(row, column)
            if isinstance(content, str):
                pen.rectangle((left, top, left + width - 1, top + height - 1), fill=BLANK)
                lines = self._letters.wrapped([content], width - self._gap)
                middle = top + (height - self._letters.height(lines)) / 2
                self._letters.write(pen, lines, left + width / 2, middle, "center")
            else:
                _paste(image, content, (top, left), self._box)
        return np.asarray(image)

    def _draw_examples(self, image: Image.Image, pen: ImageDraw.ImageDraw) -> None:
        height, width = self._example
        step = width + self._gap
        room = (self.size[1] - self._gap) // step
        for place, (pixels, caption) in enumerate(self.examples[:room]):
            left = self._gap + place * step
            _paste(image, pixels, (self._gap, left), self._example)
            more = len(self.examples) - room
            text = f"{caption} (+{more})" if place == room - 1 and more > 0 else caption
            lines = self._letters.wrapped([text], width)[:1]
            below = self._gap + height + self._gap // 2
            self._letters.write(pen, lines, left + width / 2, below, "center")

    def _draw_labels(self, pen: ImageDraw.ImageDraw) -> None:
        letters, (height, width) = self._letters, self._box
        for column, label in enumerate(self.columns):
            lines = letters.wrapped(label, width)
            top, left = self._corner(0, column)
            above = top - self._gap // 2 - letters.height(lines)
            letters.write(pen, lines, left + width / 2, above, "center")
        for row, label in enumerate(self.rows):
            lines = letters.wrapped(label, width)
            top, left = self._corner(row, 0)
            middle = top + (height - letters.height(lines)) / 2
            letters.write(pen, lines, left - self._gap, middle, "right")

    def _corner(self, row: int, column: int) -> tuple[int, int]:
        """Top and left of a cell."""
        height, width = self._box
        top, left = self._first
        return top + row * (height + self._gap), left + column * (width + self._gap)

    @cached_property
    def _first(self) -> tuple[int, int]:
        """Top and left of the first cell."""
        letters, (_, width) = self._letters, self._box
        rows = [line for label in self.rows for line in letters.wrapped(label, width)]
        left = round(max(map(letters.width, rows))) + 2 * self._gap if rows else self._gap
        labels = [letters.height(letters.wrapped(label, width)) for label in self.columns]
        examples = self._example[0] + self._gap + letters.line if self.examples else 0
        return 2 * self._gap + examples + max(labels, default=0), left

    @property
    def _box(self) -> Box:
        return self.largest[0], max(self.largest[1], NARROWEST)

    @property
    def _example(self) -> Box:
        return max(self._box[0] // 2, 1), self._box[1] // 2

    @cached_property
    def _letters(self) -> Lettering:
        return Lettering(max(SMALLEST_TEXT, round(max(self._box) / LETTERS)))

    @property
    def _gap(self) -> int:
        return self._letters.size


def shrink(pixels: np.ndarray, box: Box) -> np.ndarray:
    """The picture `(H, W, 3)` as it fits into a box: smaller if need be, never larger."""
    height, width = pixels.shape[:2]
    scale = min(1.0, box[0] / height, box[1] / width)
    return resize(pixels, max(1, round(scale * height)), max(1, round(scale * width)))


def _paste(image: Image.Image, pixels: np.ndarray, corner: tuple[int, int], box: Box) -> None:
    """Puts a picture into the middle of a box."""
    if pixels.dtype == np.uint8:
        pixels = pixels / np.float32(255)
    small = Image.fromarray(to_bytes(shrink(pixels, box)))
    top = corner[0] + (box[0] - small.height) // 2
    left = corner[1] + (box[1] - small.width) // 2
    image.paste(small, (left, top))
