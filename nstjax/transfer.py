"""The story from top to bottom: arrays in, `Result` out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.prepare import prepare
from nstjax.problem.regions import Region
from nstjax.result import OnProgress, Result
from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS
from nstjax.settings.recipe import preset_named, with_values
from nstjax.settings.values import Count, check, plain, shown
from nstjax.spread import AUTO, Devices, Spread, Tile, make_spread
from nstjax.vgg import Weights

# A recipe; or a preset's name; or what is other than the function's own default, as in a settings file.
GivenSettings = Settings | str | Mapping[str, object] | None


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
    chosen = chosen_settings(settings, PRESETS["default"])
    photograph, pictures = given_content(content), given_pictures(styles)
    spread = make_spread(tile, devices)
    progress = on_progress, report_every
    return _paint(photograph, pictures, chosen, weights, spread, *progress, regions=regions)


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
    chosen = chosen_settings(settings, PRESETS["texture"])
    spread = make_spread(tile, devices)
    return _paint(None, given_pictures(styles), chosen, weights, spread, on_progress, report_every)


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
    chosen = chosen_settings(settings, PRESETS["reconstruct"])
    spread = make_spread(tile, devices)
    return _paint(given_content(content), [], chosen, weights, spread, on_progress, report_every)


def _paint(
    content: ArrayLike | None,
    styles: Sequence[ArrayLike],
    settings: Settings,
    weights: Weights | str | Path,
    spread: Spread,
    on_progress: OnProgress | None,
    report_every: int,
    *,
    regions: Sequence[Region] | None = None,
) -> Result:
    check_callable(on_progress)
    report_every = plain(report_every)  # pyright: ignore[reportAssignmentType]
    check("report_every", report_every, Count)
    transfer = prepare(content, styles, settings, regions=regions, weights=weights, spread=spread)
    return transfer.run(on_progress, report_every)


def check_callable(on_progress: object) -> None:
    """Raises `UserError` for what cannot be called, and is not None."""
    if on_progress is not None and not callable(on_progress):
        raise UserError(
            f"on_progress is {shown(on_progress)}: give a function of one argument, or None"
        )


def chosen_settings(settings: GivenSettings, usual: Settings) -> Settings:
    """Settings as they were given, in any of the ways that `stylize` takes.

    Raises `UserError` for what is none.
    """
    if settings is None:
        return usual
    if isinstance(settings, str):
        return preset_named(settings)
    if isinstance(settings, Mapping):
        values = dict(settings)
        base = preset_named(values.pop("preset"), "settings") if "preset" in values else usual
        return with_values(base, values, "settings")
    if not isinstance(settings, Settings):
        raise UserError(
            f"settings is {shown(settings)}: give nstjax.Settings(...), a preset's name, or a dict"
        )
    return settings


def given_content(content: ArrayLike) -> ArrayLike:
    """The content picture, which must be there."""
    if content is None:
        raise UserError("content is None: give a picture; nstjax.texture makes one without")
    return content


def given_pictures(
    given: Any, name: str = "styles", what: str = "style picture"
) -> list[ArrayLike]:
    """At least one picture; several come in a list, an iterator or an array `(N, H, W, C)`.

    Raises `UserError` for none, and for what has no order.
    """
    if isinstance(given, Mapping | Set):
        raise UserError(f"{name} is a {type(given).__name__}: give a picture, or a list of them")
    several = isinstance(given, list | tuple | Iterator) or getattr(given, "ndim", None) == 4
    pictures: list[Any] = list(given) if several else [given]
    if not pictures:
        raise UserError(f"no {what} was given: give at least one")
    return pictures
