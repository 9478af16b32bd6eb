"""What a visitor wants painted: dropped files, drawn masks and settings, and the network for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nstjax.errors import UserError
from nstjax.images import Picture, read_picture, read_shape
from nstjax.optimize import INITIAL_IMAGES
from nstjax.problem.regions import Region
from nstjax.settings import Settings
from nstjax.settings.mixture import parse_mixture
from nstjax.settings.recipe import Recipe
from nstjax.settings.values import shown
from nstjax.vgg import Weights
from nstjax.web.drawing import regions_of
from nstjax.web.limits import STYLE_TIMES, Limits

LONGEST_NAME = 40  # characters of each picture's name in the result's


@dataclass(frozen=True, eq=False)
class Engine:
    """What all pictures are painted with."""

    weights: Weights
    model: str  # the network's name, for recipes
    preprocessing: str  # what it was said to expect, if that was said
    device: Any  # a `jax.Device`


class Given(NamedTuple):
    """The pixels of an order."""

    content: np.ndarray | None
    styles: list[np.ndarray]
    regions: list[Region] | None


@dataclass(frozen=True, eq=False)
class Order:
    """One picture to paint."""

    content: Path | None
    styles: tuple[Path, ...]
    drawing: Mapping[str, Any] | None  # of the image editor
    preset: str
    settings: Settings
    engine: Engine
    limits: Limits
    number: int  # of this visitor's orders
    _read: dict[str, Picture] = field(default_factory=dict)  # the content, once it is read

    def check(self) -> None:
        """Raises `UserError` for what this page does not paint, before anything is read."""
        if self.content is None and not self.styles:
            raise UserError("there is no picture: drop a photograph, a painting, or both")
        if len(self.styles) > self.limits.styles:
            raise UserError(
                f"there are {len(self.styles)} style pictures: give at most {self.limits.styles}"
            )
        self.limits.check(self.settings)
        _check_first_picture(self.settings)

    def read(self) -> Given:
        """Reads the files.

        Raises `UserError` for one that is no picture, or is too large.
        """
        content = None
        if self.content is not None:
            self._read["content"] = self._picture(self.content)
            content = self._read["content"].pixels
        styles = [self._picture(style).pixels for style in self.styles]
        regions = None if content is None else regions_of(self.drawing, len(styles))
        return Given(content, styles, regions)

    @property
    def kept(self) -> tuple[np.ndarray | None, bytes]:
        """Alpha and EXIF, which the result takes along from the content."""
        content = self._read.get("content")
        return (None, b"") if content is None else (content.alpha, content.exif)

    @property
    def name(self) -> str:
        """The result's file name."""
        files = [self.content, *self.styles[:1]]
        stems = [file.stem[:LONGEST_NAME] for file in files if file is not None]
        return f"{'-'.join(stems)}-{self.number}.png"

    def recipe(self, settings: Settings) -> Recipe:
        """What the result carries, as the command line writes it."""
        masks = ("drawn on the page",) if self._has_masks else ()
        return Recipe(
            settings=settings,
            preset=self.preset,
            content="" if self.content is None else self.content.name,
            styles=tuple(style.name for style in self.styles),
            masks=masks,
            model=self.engine.model,
            preprocessing=self.engine.preprocessing,
        )

    @property
    def _has_masks(self) -> bool:
        is_drawn = self.content is not None and bool(self.styles)
        return is_drawn and regions_of(self.drawing, len(self.styles)) is not None

    def _picture(self, path: Path) -> Picture:
        check_pixels(path, self.limits)
        try:
            return read_picture(path, long_side=STYLE_TIMES * self.limits.largest)
        except UserError as error:  # without the folder, which is nobody's business
            raise UserError(str(error).replace(str(path), path.name)) from None


def check_pixels(path: Path, limits: Limits) -> None:
    """Raises `UserError` for a file that says it holds a picture larger than is read here."""
    shape = read_shape(path)
    if shape is not None and shape[0] * shape[1] > limits.pixels:
        raise UserError(
            f"{path.name} has {shape[1]}x{shape[0]} pixels: this page reads at most "
            f"{limits.pixels // 10**6} million"
        )


def _check_first_picture(settings: Settings) -> None:
    """Raises `UserError` for names of files: a visitor must not have the server open one."""
    for name, _ in parse_mixture("init", settings.init, lambda _: False):
        if name not in INITIAL_IMAGES:
            raise UserError(
                f"init is {shown(settings.init)}: this page opens no files by name: use "
                f"{', '.join(INITIAL_IMAGES)}, or a mixture such as 0.7*content+0.3*noise"
            )
