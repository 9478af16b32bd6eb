"""All that a picture needs, checked before anything is computed, and then made."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.images import COLOR_MATCHES, keep_chroma, match_colors, resize, to_pixels
from nstjax.losses import LossWeights
from nstjax.machine.device import check_not_forked
from nstjax.optimize import (
    OPTIMIZERS,
    Batch,
    Level,
    Steps,
    Way,
    Work,
)
from nstjax.problem.evaluation import loss_weights, make_evaluation
from nstjax.problem.first_picture import first_picture
from nstjax.problem.pending import PendingProblem, pending_problem
from nstjax.problem.pictures import Canvas, Pictures, canvas_at, pictures_at, style_sizes
from nstjax.problem.regions import Region, check_regions, whole_picture
from nstjax.problem.schedule import make_levels
from nstjax.problem.seen import Names
from nstjax.problem.stacked import StackedProblem, stacked_problem
from nstjax.settings import Settings, shares
from nstjax.spread import Spread
from nstjax.tiles import Layout
from nstjax.vgg import Weights, load_weights, smallest_side


class Numbers(NamedTuple):
    """What of the settings a compiled program is told anew each time. Of a batch arrays `(B,)`."""

    weights: LossWeights
    learning_rate: jax.typing.ArrayLike
    averaging: jax.typing.ArrayLike


# The settings that they come from, and `photo_weight` where it is not 0.
NUMBERS = (
    "content_weight",
    "style_weight",
    "tv_weight",
    "content_layer_weights",
    "style_layer_weights",
    "learning_rate",
    "averaging",
)


def without_numbers(settings: Settings) -> Settings:
    """The settings with the numbers as by default: where these are equal, so is all else."""
    usual = Settings()
    # A program without this term is another one.
    photo = float(settings.photo_weight > 0)
    return replace(settings, photo_weight=photo, **{name: getattr(usual, name) for name in NUMBERS})


def numbers_of(settings: Settings) -> Numbers:
    """The numbers of the settings, as floats: an integer would compile the step again."""
    usual = OPTIMIZERS[settings.optimizer].learning_rate
    return Numbers(
        loss_weights(settings), float(settings.learning_rate or usual), float(settings.averaging)
    )


@dataclass(frozen=True)
class Transfer:
    """A style transfer of which everything is known to fit; made by `prepare`."""

    content: np.ndarray | None  # pixels (H, W, 3)
    styles: tuple[np.ndarray, ...]  # pixels, each of its own size
    regions: tuple[Region, ...]  # which of the styles is painted where
    initial: np.ndarray  # pixels of the first picture
    settings: Settings
    weights: Weights
    levels: tuple[Level, ...]
    spread: Spread
    paintings: tuple[np.ndarray, ...]  # the styles in the colors that they were given

    def work(
        self,
        numbers: Callable[[], Numbers] | None = None,
        initial: np.ndarray | Sequence[np.ndarray] | None = None,
        *,
        batch: Batch | None = None,
        apart: Sequence["Transfer"] = (),
        **others: Any,
    ) -> Work:
        """What there is to do, level by level; nothing of it is traced.

        Args:
            numbers: asked before each chunk; None: those of the settings. Of a batch they stay.
            initial: pixels that the first level starts from, of a batch a list of such; None: the first
                picture.
            batch: where there are several pictures.
            apart: of a batch whose pictures have targets of their own, their transfers.
            others: of `Steps`.
        """
        settings = self.settings
        evaluation, network = make_evaluation(self.weights, settings)
        now = numbers or functools.partial(numbers_of, settings)

        def arguments(problem: Any) -> tuple[Any, jax.typing.ArrayLike, jax.typing.ArrayLike]:
            weights, learning_rate, averaging = now()
            told = problem if batch else problem._replace(weights=weights)
            return told, learning_rate, averaging

        def make_problem(level: Level, layout: Layout | None) -> PendingProblem | StackedProblem:
            assert layout is not None
            common = evaluation, network, now().weights
            if apart:
                return stacked_problem(*common, layout, [one.seen_at(level) for one in apart])
            pictures, canvas = self.seen_at(level)
            return pending_problem(*common, pictures, layout, canvas)

        # Pictures of a batch are whole, and each on one device.
        spread = self.spread if batch is None else Spread(may_choose=False)

        def ways(level: Level) -> list[Way]:
            return spread.ways(level, evaluation, settings)

        return Work(
            self.levels,
            self.initial if initial is None else initial,
            Steps(evaluation, make_problem, arguments, batch=batch, **others),
            ways,
            OPTIMIZERS[settings.optimizer].carry if settings.carry_moments else None,
        )

    def seen_at(self, level: Level) -> tuple[Pictures, Canvas | None]:
        """What is looked at at a level, and what shows where nothing is painted."""
        pictures = pictures_at(
            level, self.levels[-1], self.content, self.styles, self.regions, self.settings
        )
        return pictures, canvas_at(level.height, level.width, self.content, self.regions)

    def with_settings(self, settings: Settings) -> "Transfer":
        """The same with other settings of those that are `numbers`, and another first picture.

        Raises `UserError` for a first picture that cannot be had.
        """
        settings = _comparing(settings, self.content, self.styles)
        mixture = shares(settings.style_blend, len(self.styles))
        initial = first_picture(self.content, self.styles, mixture, self.levels, settings)
        return replace(self, settings=settings, initial=initial)

    def show(self, pixels: np.ndarray) -> np.ndarray:
        """What is shown of a picture that the optimizer has painted, at any level."""
        if self.content is None:
            return pixels
        height, width, _ = pixels.shape
        canvas = canvas_at(height, width, self.content, self.regions)
        if canvas is not None:
            pixels = np.asarray(canvas(pixels))
        if self.settings.color != "luminance":
            return pixels
        content = resize(self.content, height, width)
        return keep_chroma(pixels, content, self.settings.color_strength)


def prepare(
    content: ArrayLike | None,
    styles: Sequence[ArrayLike],
    settings: Settings,
    *,
    regions: Sequence[Region] | None = None,
    weights: Weights | str | Path,
    spread: Spread = Spread(),  # noqa: B008 - frozen
    names: Names = Names(),  # noqa: B008 - frozen
) -> Transfer:
    """Checks all that `stylize` is given, in a moment and before anything is computed.

    Without content nothing is compared with one, and without styles nothing with these: the settings
    then lose their layers. `texture` and `reconstruct` do that. `names` say what to call pictures and
    settings in an error.

    Raises `UserError` for pictures, settings or weights that cannot work.
    """
    check_not_forked()
    photograph = None if content is None else to_pixels(content, names.content)
    paintings = tuple(
        to_pixels(style, names.style(place, len(styles))) for place, style in enumerate(styles)
    )
    settings = _comparing(settings, photograph, paintings)
    if regions is None:
        parts = whole_picture(len(paintings))
    else:
        parts = check_regions(regions, photograph, paintings)
    _check_blend(settings, parts, len(paintings))
    weights = weights if isinstance(weights, Weights) else load_weights(weights)
    levels = make_levels(photograph, paintings, settings, weights.architecture, names)
    spread.check(levels[-1], settings)
    styles = _recolored(paintings, photograph, levels, settings)
    mixture = shares(settings.style_blend, len(styles))
    initial = first_picture(photograph, styles, mixture, levels, settings)
    return Transfer(
        photograph, styles, parts, initial, settings, weights, levels, spread, paintings
    )


def check_settings(settings: Settings, styles: int, architecture: str) -> None:
    """Raises `UserError` for settings that no content and so many styles could be painted with.

    For many pictures, of which one that cannot be painted costs no other. What depends on their shapes
    is not asked.
    """
    check_not_forked()
    smallest = smallest_side(architecture, settings.content_layers + settings.style_layers)
    any_picture = np.random.default_rng(0).random((smallest, smallest, 3), np.float32)
    paintings = [any_picture] * styles
    settings = _comparing(settings, any_picture, paintings)
    _check_blend(settings, whole_picture(styles), styles)
    level = Level(smallest, smallest, 1)
    first_picture(any_picture, paintings, shares(settings.style_blend, styles), [level], settings)


def _comparing(
    settings: Settings, content: np.ndarray | None, styles: Sequence[np.ndarray]
) -> Settings:
    """The settings without layers of a term whose picture is not there, and of no other."""
    for term, is_there in (("content", content is not None), ("style", bool(styles))):
        layers, weights = f"{term}_layers", f"{term}_layer_weights"
        if not is_there:
            settings = replace(settings, **{layers: (), weights: None})
        elif not getattr(settings, layers):
            raise UserError(f"{layers} is (): give at least one layer name")
    if content is None and settings.photo_weight:
        raise UserError(
            f"photo_weight is {settings.photo_weight} and there is no content picture: leave it out"
        )
    return settings


def _check_blend(settings: Settings, regions: Sequence[Region], styles: int) -> None:
    blend = settings.style_blend
    if blend is None:
        return
    if len(blend) != styles:
        raise UserError(
            f"style_blend is {blend} for {styles} style pictures: give one number for each"
        )
    if any(not any(blend[index] for index in region.styles) for region in regions):
        raise UserError(f"style_blend is {blend} and leaves a region without style: give it more")


def _recolored(
    styles: tuple[np.ndarray, ...],
    content: np.ndarray | None,
    levels: Sequence[Level],
    settings: Settings,
) -> tuple[np.ndarray, ...]:
    """The styles in the content's colors, if so set, and then only as large as they will be used."""
    if content is None or settings.color not in COLOR_MATCHES or settings.color_strength == 0:
        return styles
    finest = levels[-1]
    example = resize(content, finest.height, finest.width)
    return tuple(
        match_colors(
            resize(style, *max(style_sizes(style, finest, finest, settings))),
            [example],
            settings.color,
            settings.color_strength,
        )
        for style in styles
    )
