"""Paints pictures that are not there yet."""

import time
from pathlib import Path

import numpy as np

from benchmarks.look.pairs import Pair
from benchmarks.look.programs import OURS
from nstjax.images import read, read_comment, write
from nstjax.problem.schedule import make_levels
from nstjax.settings import Settings
from nstjax.settings.recipe import Recipe
from nstjax.transfer import stylize
from nstjax.vgg import Weights


class Painter:
    """One network at work in one folder.

    Args:
        weights: the network.
        name: of the network.
        pictures: the folder of photographs and paintings.
        output: the folder of what is painted.
    """

    def __init__(self, weights: Weights, name: str, pictures: Path, output: Path):
        self.weights, self.name = weights, name
        self.pictures, self.output = pictures, output

    def paint(self, pair: Pair, program: str, settings: Settings) -> float | None:
        """Seconds until the picture is in its file; None where it is there already."""
        path = picture_path(self.output, settings.size, pair, program)
        recipe = self._recipe(pair, program, settings)
        if is_kept(path, program, recipe):
            return None
        content, style = self._read(pair)
        start = time.perf_counter()
        picture = stylize(content, style, settings, weights=self.weights).image
        seconds = time.perf_counter() - start
        write(path, picture, comment=recipe)
        return seconds

    def work(self, pair: Pair, settings: Settings) -> float:
        """Pixels of all steps over pixels of the picture: so many steps at full size."""
        content, style = self._read(pair)
        levels = make_levels(content, [style], settings, self.weights.architecture)
        return sum(level.pixels * level.steps for level in levels) / levels[-1].pixels

    def _read(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        content, style = (read(self.pictures / f"{name}.jpg") for name in pair)
        return content, style

    def _recipe(self, pair: Pair, program: str, settings: Settings) -> str:
        content, style = (f"{name}.jpg" for name in pair)
        return Recipe(
            settings=settings, preset=program, content=content, styles=(style,), model=self.name
        ).to_json()


def picture_path(folder: Path, size: int, pair: Pair, program: str) -> Path:
    """Where a picture is kept."""
    return folder / f"{size}-{'-'.join(pair)}-{program}.png"


def is_kept(path: Path, program: str, recipe: str) -> bool:
    """Whether a picture is there and need not be painted anew.

    It must be of this recipe, which its file holds. A rival's may hold none: so it can be another
    program's own picture.
    """
    if not path.is_file():
        return False
    found = read_comment(path)
    return found == recipe or (not found and program != OURS)
