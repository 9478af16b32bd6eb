"""What the targets of one level are computed from: pixels and masks, at the sizes that belong to it."""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import jax
import numpy as np

from nstjax.images import resize, resize_mask, scaled
from nstjax.optimize import Level
from nstjax.problem.regions import Region, coverage, masks_at
from nstjax.settings import Settings, shares

# NumPy's outside of compiled programs, JAX's within.
Array = np.ndarray | jax.Array
Kind = TypeVar("Kind", np.ndarray, jax.Array)


class RegionView(NamedTuple):
    """A region at one level."""

    area: float  # its share of the picture that is painted
    mask: Array | None  # (H, W); None: everywhere
    # For each of the style's pictures, at each of its sizes: its share in this region, None where it has
    # none, and where in it, as (h, w); None: everywhere.
    shares: tuple[float | None, ...]
    style_masks: tuple[Array | None, ...]


class Pictures(NamedTuple):
    """All that is looked at; a pytree of arrays."""

    content: Array | None  # (H, W, 3)
    styles: tuple[Array, ...]  # (h, w, 3): each style picture in each of its sizes
    regions: tuple[RegionView, ...]


class Canvas(NamedTuple):
    """A picture that is painted in parts only."""

    content: Array  # pixels (H, W, 3) that show elsewhere
    coverage: Array  # (H, W, 1) in [0, 1], how much is painted

    def __call__(self, pixels: Kind) -> Kind:
        """`k x + (1 - k) c` for a coverage k: pixels `(H, W, 3)`, NumPy's or JAX's."""
        return self.coverage * pixels + (1 - self.coverage) * self.content  # type: ignore[return-value]


def canvas_at(
    height: int, width: int, content: np.ndarray | None, regions: Sequence[Region]
) -> Canvas | None:
    """What shows of the content where no region paints; None where all is painted."""
    covered = coverage(masks_at(regions, height, width))
    if covered is None or content is None:
        return None
    return Canvas(resize(content, height, width), covered[..., np.newaxis])


def style_sizes(
    style: np.ndarray, level: Level, finest: Level, settings: Settings
) -> list[tuple[int, int]]:
    """Height and width of a style picture at a level, for each scale of the settings.

    At scale 1 its long side is the level's: strokes are then as large beside it as in the painting. At
    scale 2 they are twice as large. `style_size` says another long side for the finest level, and
    coarser ones follow. A style picture is never enlarged: that would only teach the network blur. The
    short side of a narrow one may be 0; `make_levels` refuses that.
    """
    height, width = style.shape[:2]
    long_side = level.long_side
    if settings.style_size is not None:
        long_side *= settings.style_size / finest.long_side
    wanted = [max(round(scale * long_side), 1) for scale in settings.style_scale]
    return [scaled(height, width, min(each, max(height, width))) for each in wanted]


def styles_at(
    level: Level, finest: Level, styles: Sequence[np.ndarray], settings: Settings
) -> list[np.ndarray]:
    """The styles' pixels `(H, W, 3)`, each in all its sizes."""
    return [
        resize(style, *size)
        for style in styles
        for size in style_sizes(style, level, finest, settings)
    ]


def pictures_at(
    level: Level,
    finest: Level,
    content: np.ndarray | None,
    styles: Sequence[np.ndarray],
    regions: Sequence[Region],
    settings: Settings,
) -> Pictures:
    """Content and styles `(H, W, 3)`, and regions, as a level needs them."""
    masks = masks_at(regions, level.height, level.width)
    areas = [1.0 if mask is None else float(mask.mean()) for mask in masks]
    painted = math.fsum(areas) or 1.0
    views = styles_at(level, finest, styles, settings)
    return Pictures(
        None if content is None else resize(content, level.height, level.width),
        tuple(views),
        tuple(
            _region_view(region, mask, area / painted, views, settings)
            for region, mask, area in zip(regions, masks, areas, strict=True)
        ),
    )


def _region_view(
    region: Region,
    mask: np.ndarray | None,
    area: float,
    views: Sequence[np.ndarray],
    settings: Settings,
) -> RegionView:
    scales = len(settings.style_scale)
    mixture = dict(zip(region.styles, shares_in(region, settings), strict=True))
    found = [mixture.get(place // scales) for place in range(len(views))]
    masks = [region.styles.get(place // scales) for place in range(len(views))]
    return RegionView(
        area,
        mask,
        tuple(share and share / scales for share in found),
        tuple(
            None if each is None else resize_mask(each, *view.shape[:2])
            for each, view in zip(masks, views, strict=True)
        ),
    )


def shares_in(region: Region, settings: Settings) -> tuple[float, ...]:
    """How much of each of its styles a region has."""
    blend = settings.style_blend and tuple(settings.style_blend[index] for index in region.styles)
    return shares(blend, len(region.styles))
