"""The pictures of a comparison at one size."""

from typing import NamedTuple

import numpy as np

from nstjax.images import fit, resize
from nstjax.optimize import Level
from nstjax.problem.pictures import styles_at
from nstjax.settings import Settings


class Scene(NamedTuple):
    """What both sides are given: pixels `(H, W, 3)` in [0, 1]."""

    content: np.ndarray
    style: np.ndarray

    @property
    def level(self) -> Level:
        """The content's size, as nstjax says it."""
        height, width, _ = self.content.shape
        return Level(height, width, steps=1)

    @property
    def probe(self) -> np.ndarray:
        """A picture at which no term of the loss is zero: half content, half noise."""
        noise = np.random.default_rng(0).random(self.content.shape, np.float32)
        return (self.content + noise) / 2


def make_scene(content: np.ndarray, style: np.ndarray, size: int) -> Scene:
    """Content and style at a size, as nstjax's last level has them; small ones are enlarged."""
    height, width = fit(content.shape[0], content.shape[1], size)
    scene = Scene(resize(content, height, width), style)
    (style,) = styles_at(scene.level, scene.level, [style], Settings())
    return scene._replace(style=style)
