"""The story from top to bottom: arrays in, `Result` out."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from nstjax.given import GivenSettings, check_reports, given_content, given_pictures
from nstjax.problem.regions import Region
from nstjax.result import OnProgress, Result
from nstjax.session import Session
from nstjax.spread import AUTO, Devices, Tile
from nstjax.vgg import Weights


def stylize(
    content: ArrayLike,
    styles: ArrayLike | Iterable[ArrayLike],
    settings: GivenSettings = None,
    *,
    regions: Sequence[Region] | None = None,
    weights: Weights | str | Path,
    tile: Tile = AUTO,
    devices: Devices = 1,
    on_progress: OnProgress | None = None,
    report_every: int = 0,
) -> Result:
    """The content picture painted in the style of one or more others (Gatys et al. 2016).

    Args:
        content: pixels `(H, W, 3)`; `nstjax.images.to_pixels` says what else is taken.
        styles: one such picture, or several that are mixed as `settings.style_blend` says: a list, an
            iterator, or an array `(N, H, W, C)`.
        settings: the recipe; or the name of a preset; or a dict of what shall be other than in the
            function's own preset, which is `default` here, or than in its `preset`, with values as in a
            settings file. None: that preset.
        regions: parts of the picture with styles of their own; where none is, the content stays as it
            is. None: the whole picture in all styles.
        weights: the network, or the file of a converted one.
        tile: side of the tiles in pixels, about, in which the picture is computed; `auto`: whole where
            it fits the memory, else the largest tile that does; `none`: whole.
        devices: how many share the rows of the picture; `all`; or a list of JAX devices. Levels that are
            too small run on fewer. With either, the picture is the same but for rounding.
        on_progress: called after each chunk of steps, while the next one runs. Returning True stops
            the work, and the picture so far becomes the result.
        report_every: where positive, `on_progress` is called at every multiple of this many steps,
            counted over all levels, besides when it is called anyway.

    Returns: the picture at the content's aspect ratio with `settings.size` as its long side.

    Raises `UserError` for pictures, settings or weights that cannot work, and `FloatingPointError`
    where the loss becomes NaN or infinite.
    """
    pictures = given_content(content), given_pictures(styles)
    where = {"weights": weights, "tile": tile, "devices": devices}
    return _paint(*pictures, settings, on_progress, report_every, regions=regions, **where)


def texture(
    styles: ArrayLike | Iterable[ArrayLike],
    settings: GivenSettings = None,
    *,
    weights: Weights | str | Path,
    tile: Tile = AUTO,
    devices: Devices = 1,
    on_progress: OnProgress | None = None,
    report_every: int = 0,
) -> Result:
    """A picture with the style of one or more others and no content (Gatys et al. 2015).

    "Texture synthesis using convolutional neural networks". The result is `settings.size` long and
    `settings.aspect` as wide as high; another `settings.seed` gives another one.

    The rest is as `stylize` has it.
    """
    where = {"weights": weights, "tile": tile, "devices": devices}
    return _paint(None, given_pictures(styles), settings, on_progress, report_every, **where)


def reconstruct(
    content: ArrayLike,
    settings: GivenSettings = None,
    *,
    weights: Weights | str | Path,
    tile: Tile = AUTO,
    devices: Devices = 1,
    on_progress: OnProgress | None = None,
    report_every: int = 0,
) -> Result:
    """A picture with the feature maps of another at `settings.content_layers` (Gatys et al. 2016).

    What the layers know of a picture (their figure 1, "content reconstructions"; Mahendran and Vedaldi
    2015). The rest is as `stylize` has it.
    """
    where = {"weights": weights, "tile": tile, "devices": devices}
    return _paint(given_content(content), None, settings, on_progress, report_every, **where)


def _paint(
    content: ArrayLike | None,
    styles: Sequence[ArrayLike] | None,
    settings: GivenSettings,
    on_progress: OnProgress | None,
    report_every: int,
    **others: Any,
) -> Result:
    """A session from its beginning to its end; `others` are arguments of it."""
    report_every = check_reports(on_progress, report_every)
    return Session(content, styles, settings, **others).run(on_progress, report_every)
