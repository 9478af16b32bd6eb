"""What tells a good picture from a bad one, in numbers that rank pictures as the eye does.

All compare a picture with its photograph or its painting, at the picture's size. Pixels are sRGB in
[0, 1]; features are those of a network that painted none of the pictures. None of it is what a
transfer minimizes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

LUMA = (0.2126, 0.7152, 0.0722)
CELL = 8  # pixels
FLAT = 0.2  # of the positions: where a photograph's gradients are weakest
FLAT_BLUR = 6.0  # pixels; what is flat is so over an area
SIMILARITY_GRID = 24  # positions each way
PROJECTIONS = 64
STEP = 1 / 255 / 12**0.5  # deviation of what 8 bits round off: nothing can be calmer than they say

Features = Mapping[str, np.ndarray]  # feature maps (H, W, C)


@dataclass(frozen=True)
class Seen:
    """A picture as pixels `(H, W, 3)` and features."""

    pixels: np.ndarray
    features: Features

    @cached_property
    def luminance(self) -> np.ndarray:
        """`(H, W)`: luma, 0.2126 R + 0.7152 G + 0.0722 B."""
        return self.pixels @ np.array(LUMA, np.float32)


def edges(picture: Seen, photograph: Seen, sigma: float) -> float:
    """Correlation of the magnitudes of luminance's gradients, after a Gaussian blur (sigma in pixels).

    1: all contours are there; 0: contours are elsewhere. Good pictures have from 0.24 to 0.76.
    """
    return _correlation(*(_gradients(each.luminance, sigma) for each in (picture, photograph)))


def self_similarity(picture: Seen, photograph: Seen) -> float:
    """Correlation of the two matrices of cosines between all positions of relu4_2.

    What is alike in the photograph is alike in the picture, whatever it looks like: Shechtman and
    Irani 2007 ("Matching local self-similarities"), as in Kolkin et al. 2019 (STROTSS). Positions are
    those of a grid of 24 x 24; features lack their mean.
    """
    return _correlation(
        *(_similarities(each.features["relu4_2"]) for each in (picture, photograph))
    )


def nearest(picture: Seen, painting: Seen) -> float:
    """How far each part of the picture is from the part of the painting that it is most like.

    For each position of relu3_1 the least cosine distance to a position of the painting's, both minus
    the painting's mean; the mean over positions. Strokes are low; blotches, ripples and grain high.
    """
    mean = painting.features["relu3_1"].mean((0, 1))
    found, wanted = (_directions(each.features["relu3_1"] - mean) for each in (picture, painting))
    # In parts: the product is as large as the number of pixels squared.
    parts = np.array_split(found, max(1, len(found) // 1024))
    return float(1 - np.concatenate([(part @ wanted.T).max(1) for part in parts]).mean())


def style_energy(picture: Seen, painting: Seen, layers: tuple[str, ...]) -> float:
    """Mean over layers of `||S - S*||^2 / ||S*||^2`, S being the second moment of the features."""
    distances = []
    for layer in layers:
        found, wanted = (_second_moment(each.features[layer]) for each in (picture, painting))
        distances.append(np.sum((found - wanted) ** 2) / np.sum(wanted**2))
    return float(np.mean(distances))


def sliced_wasserstein(picture: Seen, painting: Seen, layers: tuple[str, ...]) -> float:
    """Mean over layers and directions of the Wasserstein distance of projected features, squared.

    In units of the painting's variance in that direction; 64 random directions a layer, the same for
    every picture (Heitz et al. 2021). It sees the whole distribution, where moments see two numbers.
    """
    distances = []
    for layer in layers:
        random = np.random.default_rng(0).normal(
            size=(picture.features[layer].shape[-1], PROJECTIONS)
        )
        directions = random / np.linalg.norm(random, axis=0)
        found, wanted = (
            _quantiles(_positions(each.features[layer]) @ directions)
            for each in (picture, painting)
        )
        variances = np.maximum(wanted.var(0), np.finfo(np.float32).tiny)
        distances.append(np.mean(np.mean((found - wanted) ** 2, 0) / variances))
    return float(np.mean(distances))


def grain(picture: Seen, painting: Seen) -> float:
    """Grain of the calmest areas, over the painting's own.

    The 10th percentile, over cells of 8 x 8 pixels, of the deviation of luminance minus its blur by a
    Gaussian of sigma 1.
    """
    found, wanted = (max(_calmest(each.luminance), STEP) for each in (picture, painting))
    return found / wanted


def ripples(picture: Seen, photograph: Seen, painting: Seen) -> float:
    """Waves of 3 to 8 pixels where the photograph is flat, beyond those of the painting's flat parts.

    Root mean squares of luminance in that band, in steps of 8 bits; 0 where there are not more.
    """
    band = _band(picture.luminance)[_is_flat(photograph.luminance)]
    own = _band(painting.luminance)[_is_flat(painting.luminance)]
    return float(255 * max(0.0, _rms(band) - _rms(own)))


def _gradients(luminance: np.ndarray, sigma: float) -> np.ndarray:
    down, right = np.gradient(gaussian_filter(luminance, sigma))
    return np.hypot(down, right)


def _similarities(features: np.ndarray) -> np.ndarray:
    height, width, _ = features.shape
    rows, columns = (
        np.linspace(0, side - 1, SIMILARITY_GRID).round().astype(int) for side in (height, width)
    )
    directions = _directions((features - features.mean((0, 1)))[rows][:, columns])
    return directions @ directions.T


def _directions(features: np.ndarray) -> np.ndarray:
    vectors = _positions(features)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _positions(features: np.ndarray) -> np.ndarray:
    return features.reshape(-1, features.shape[-1])


def _second_moment(features: np.ndarray) -> np.ndarray:
    vectors = _positions(features)
    return vectors.T @ vectors / len(vectors)


def _quantiles(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, np.linspace(0, 1, 257), axis=0)


def _calmest(luminance: np.ndarray) -> float:
    detail = luminance - gaussian_filter(luminance, 1.0)
    height, width = (side // CELL * CELL for side in detail.shape)
    cells = detail[:height, :width].reshape(height // CELL, CELL, width // CELL, CELL)
    return float(np.percentile(cells.std((1, 3)), 10))


def _band(luminance: np.ndarray) -> np.ndarray:
    # A Gaussian of sigma s halves waves of about 5.3 s pixels.
    return gaussian_filter(luminance, 3 / 5.3) - gaussian_filter(luminance, 8 / 5.3)


def _is_flat(luminance: np.ndarray) -> np.ndarray:
    activity = gaussian_filter(_gradients(luminance, 1.0) ** 2, FLAT_BLUR)
    return activity <= np.quantile(activity, FLAT)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if not (np.ptp(first) and np.ptp(second)):  # a plain area goes with nothing
        return 0.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
