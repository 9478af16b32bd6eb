"""Every combination of a sweep's values, and where it stands on the sheet."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from nstjax.cli.parsing.over import FLAG, Axis
from nstjax.settings import Settings
from nstjax.settings.mixture import rename
from nstjax.settings.recipe import with_values

LONGEST_NAME = 150  # characters; files may have 255 bytes

Place = tuple[int, int]  # row and column, from 0


@dataclass(frozen=True)
class Cell:
    """One picture of a sweep."""

    number: int  # from 1, row by row
    place: Place
    texts: tuple[tuple[str, str], ...]  # each swept setting, and its value as it was typed
    settings: Settings

    @property
    def about(self) -> str:
        """What is swept, in one line."""
        return ",".join(f"{name}={text}" for name, text in self.texts)

    def file_name(self, ending: str) -> str:
        """A name that every system takes: its number and what is swept."""
        safe = re.sub(r"[^A-Za-z0-9_.,=+-]", "_", self.about)[:LONGEST_NAME]
        return f"{self.number:03}-{safe.rstrip('.')}{ending}"


@dataclass(frozen=True)
class Grid:
    """All pictures of a sweep, and the labels of rows and columns: lines of text."""

    axes: tuple[Axis, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[str, ...], ...]
    cells: tuple[Cell, ...]


def make_grid(base: Settings, axes: Sequence[Axis]) -> Grid:
    """The cells row by row. One axis goes to the right; of several the first goes down, the second to
    the right, and each further one down within every step of the first.

    Raises `UserError` for a value, or a combination of values, that cannot work.
    """
    across, down = (axes[0], []) if len(axes) == 1 else (axes[1], [axes[0], *axes[2:]])
    cells = []
    rows = list(itertools.product(*(range(len(axis.values)) for axis in down)))
    for row, steps in enumerate(rows):
        for column in range(len(across.values)):
            chosen = {axis.name: step for axis, step in zip(down, steps, strict=True)}
            chosen[across.name] = column
            values = {axis.name: axis.values[chosen[axis.name]] for axis in axes}
            texts = tuple((axis.name, _shown(axis, chosen[axis.name])) for axis in axes)
            settings = with_values(base, values, FLAG)
            cells.append(Cell(len(cells) + 1, (row, column), texts, settings))
    return Grid(
        tuple(axes),
        tuple(
            tuple(
                line for axis, step in zip(down, steps, strict=True) for line in _label(axis, step)
            )
            for steps in rows
        ),
        tuple(_label(across, step) for step in range(len(across.values))),
        tuple(cells),
    )


def _label(axis: Axis, step: int) -> tuple[str, str]:
    return axis.name, _shown(axis, step)


def _shown(axis: Axis, step: int) -> str:
    text = axis.texts[step]
    # A picture that is shown tells of no folders.
    return rename(text, lambda name: PurePath(name).name) if axis.name == "init" else text
