"""The story from top to bottom: arrays in, `Result` out."""

from collections.abc import Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.prepare import prepare
from nstjax.presets import PRESETS
from nstjax.regions import Region
from nstjax.result import OnProgress, Result
from nstjax.settings import Settings
from nstjax.vgg import Weights


def stylize(
    content: ArrayLike,
    styles: ArrayLike | Sequence[ArrayLike],
    settings: Settings = Settings(),  # noqa: B008 - frozen
    *,
    regions: Sequence[Region] | None = None,
    weights: Weights | str | Path,
    on_progress: OnProgress | None = None,
    report_every: int = 0,
) -> Result:
    """The content picture painted in the style of one or more others (Gatys et al. 2016).

    Args:
        content: pixels `(H, W, 3)`; `nstjax.images.to_pixels` says what else is taken.
        styles: one such picture, or a list of pictures that are mixed, as
            `settings.style_blend` says.
        settings: the recipe.
        regions: parts of the picture with styles of their own; where none is, the content stays as it
            is. None: the whole picture in all styles.
        weights: the network, or the file of a converted one.
        on_progress: called after each chunk of steps, while the next one runs. Returning True stops
            the work, and the picture so far becomes the result.
        report_every: where positive, `on_progress` is called at every multiple of this many steps,
            counted over all levels, besides when it is called anyway.

    Returns: the picture at the content's aspect ratio with `settings.size` as its long side.

    Raises `UserError` for pictures, settings or weights that cannot work, and `FloatingPointError`
    where the loss becomes NaN or infinite.
    """
    transfer = prepare(content, _at_least_one(styles), settings, regions=regions, weights=weights)
    return transfer.run(on_progress, report_every)


def texture(
    styles: ArrayLike | Sequence[ArrayLike],
    settings: Settings = PRESETS["texture"],
    *,
    weights: Weights | str | Path,
    on_progress: OnProgress | None = None,
    report_every: int = 0,
) -> Result:
    """A picture with the style of one or more others and no content (Gatys et al. 2015).

    "Texture synthesis using convolutional neural networks". The result is `settings.size` long and
    `settings.aspect` as wide as high; another `settings.seed` gives another one.

    The rest is as `stylize` has it.
    """
    transfer = prepare(None, _at_least_one(styles), settings, weights=weights)
    return transfer.run(on_progress, report_every)


def reconstruct(
    content: ArrayLike,
    settings: Settings = PRESETS["reconstruct"],
    *,
    weights: Weights | str | Path,
    on_progress: OnProgress | None = None,
    report_every: int = 0,
) -> Result:
    """A picture with the feature maps of another at `settings.content_layers` (Gatys et al. 2016).

    What the layers know of a picture (their figure 1, "content reconstructions"; Mahendran and Vedaldi
    2015). The rest is as `stylize` has it.
    """
    return prepare(content, [], settings, weights=weights).run(on_progress, report_every)


def _at_least_one(styles: ArrayLike | Sequence[ArrayLike]) -> list[ArrayLike]:
    pictures = list(styles) if isinstance(styles, list | tuple) else [styles]
    if not pictures:
        raise UserError("no style picture was given: give at least one")
    return pictures  # type: ignore[return-value]
