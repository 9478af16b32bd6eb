"""Sees pictures through a network and measures them."""

from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks.look import measures
from benchmarks.look.measures import Seen
from benchmarks.look.pairs import Pair
from nstjax.images import fit, read, resize
from nstjax.settings.presets import GATYS_LAYERS
from nstjax.vgg import VGG, Weights, default_form

LAYERS = (*GATYS_LAYERS, "relu4_2")
FINE, COARSE = 1.5, 4  # pixels of blur: lines, and shapes


class Judge:
    """Measures pictures beside their photographs and paintings, which it sees once.

    Args:
        weights: a network, which should not be the painter's.
        pictures: the folder of photographs and paintings.
    """

    def __init__(self, weights: Weights, pictures: Path):
        self.pictures = pictures
        graph, self._network = nnx.split(VGG(weights, LAYERS, pooling="max", form=default_form()))
        self._features = jax.jit(lambda arrays, pixels: nnx.merge(graph, arrays)(pixels))
        # Kept with this judge; as decorators they would be kept for good.
        self._read = cache(self._read)
        self._resized = cache(self._resized)

    def see(self, pixels: np.ndarray) -> Seen:
        """A picture with its features."""
        batch = self._features(self._network, jnp.asarray(pixels)[jnp.newaxis])
        return Seen(pixels, {name: np.asarray(maps[0]) for name, maps in batch.items()})

    def measure(self, pixels: np.ndarray, pair: Pair) -> dict[str, float]:
        """Every measure of a picture of a pair, by name."""
        content, style = pair
        height, width = pixels.shape[:2]
        photograph = self._resized(content, height, width)
        painting = self._resized(style, *self._painting_size(style, max(height, width)))
        return measure(self.see(pixels), photograph, painting)

    def _painting_size(self, name: str, long_side: int) -> tuple[int, int]:
        height, width = self._read(name).shape[:2]
        return fit(height, width, min(long_side, max(height, width)))

    def _read(self, name: str) -> np.ndarray:
        return read(self.pictures / f"{name}.jpg")

    def _resized(self, name: str, height: int, width: int) -> Seen:
        return self.see(resize(self._read(name), height, width))


def measure(picture: Seen, photograph: Seen, painting: Seen) -> dict[str, float]:
    """Every measure by name; `report.py` says which are better high."""
    return {
        "self-similarity": measures.self_similarity(picture, photograph),
        "fine edges": measures.edges(picture, photograph, FINE),
        "coarse edges": measures.edges(picture, photograph, COARSE),
        "nearest": measures.nearest(picture, painting),
        "style": measures.style_energy(picture, painting, GATYS_LAYERS),
        "sliced Wasserstein": measures.sliced_wasserstein(picture, painting, GATYS_LAYERS),
        "grain": measures.grain(picture, painting),
        "ripples": measures.ripples(picture, photograph, painting),
    }
