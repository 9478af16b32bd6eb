"""Lines of text on a picture, in the font that Pillow brings along."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import ImageDraw, ImageFont

INK = (20, 20, 20)


@dataclass(frozen=True)
class Lettering:
    """Text of one size."""

    size: int  # pixels

    @property
    def line(self) -> int:
        """From line to line, in pixels."""
        return round(1.25 * self.size)

    @cached_property
    def _font(self) -> ImageFont.FreeTypeFont:
        found = ImageFont.load_default(self.size)
        assert isinstance(found, ImageFont.FreeTypeFont)  # since a size is asked for
        return found

    def width(self, text: str) -> float:
        """Of a line, in pixels."""
        return self._font.getlength(text)

    def height(self, lines: Sequence[str]) -> int:
        """Of several lines, in pixels."""
        return len(lines) * self.line

    def wrapped(self, lines: Sequence[str], width: int) -> list[str]:
        """The lines, broken where they are wider: behind a sign, or anywhere in a long word."""
        broken = []
        for line in lines:
            rest = ""
            for part in re.split(r"(?<=[ +,/])", line):
                if rest and self.width(rest + part) > width:
                    broken.append(rest)
                    rest = ""
                rest += part
                while len(rest) > 1 and self.width(rest) > width:
                    fits = max(range(1, len(rest)), key=lambda n: n * self._fits(rest[:n], width))
                    broken.append(rest[:fits])
                    rest = rest[fits:]
            broken.append(rest)
        return broken

    def _fits(self, text: str, width: int) -> bool:
        return self.width(text) <= width

    def write(
        self,
        pen: ImageDraw.ImageDraw,
        lines: Sequence[str],
        x: float,
        top: float,
        align: str,
    ) -> None:
        """Writes lines from `top` on: `left` of x, to the right of it or around it, as `align` says."""
        anchor = {"left": "la", "center": "ma", "right": "ra"}[align]
        for number, text in enumerate(lines):
            place = (round(x), round(top + number * self.line))
            pen.text(place, text, fill=INK, font=self._font, anchor=anchor)
