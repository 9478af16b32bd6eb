"""The story from top to bottom: arrays in, `Result` out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.images import COLOR_MATCHES, keep_chroma, match_colors, read, resize, to_pixels
from nstjax.optimize import (
    INITIAL_IMAGES,
    OPTIMIZERS,
    Level,
    make_transformation,
    run_levels,
)
from nstjax.plan import plan, styles_at
from nstjax.problem import (
    PendingProblem,
    loss_weights,
    make_evaluation,
    pending_problem,
    shares,
)
from nstjax.result import OnProgress, Result, collect
from nstjax.settings import Settings
from nstjax.vgg import Weights, load_weights


@dataclass(frozen=True)
class Transfer:
    """A style transfer of which everything is known to fit; made by `prepare`."""

    content: np.ndarray  # pixels (H, W, 3)
    styles: tuple[np.ndarray, ...]  # pixels, each of its own size
    initial: np.ndarray  # pixels of the first picture
    settings: Settings
    weights: Weights
    levels: tuple[Level, ...]

    def run(self, on_progress: OnProgress | None = None, report_every: int = 0) -> Result:
        """Makes the picture; `stylize` says how."""
        settings = self.settings
        evaluation, network = make_evaluation(self.weights, settings)
        weights = loss_weights(settings)
        mixture = shares(settings.style_blend, len(self.styles))

        def make_problem(level: Level) -> PendingProblem:
            content = resize(self.content, level.height, level.width)
            styles = styles_at(level, self.styles, settings.style_scale)
            return pending_problem(evaluation, network, weights, content, styles, mixture)

        optimizer = OPTIMIZERS[settings.optimizer]
        chunks = run_levels(
            self.levels,
            self.initial,
            make_problem,
            evaluate=evaluation,
            optimizer=make_transformation(settings.optimizer),
            learning_rate=settings.learning_rate or optimizer.learning_rate,
            averaging=settings.averaging,
            carry=optimizer.carry if settings.carry_moments else None,
            stop_every=report_every,
        )
        return collect(chunks, self.levels, settings, on_progress, self._show)

    def _show(self, pixels: np.ndarray) -> np.ndarray:
        """What is shown of a picture that the optimizer has painted, at any level."""
        if self.settings.color != "luminance":
            return pixels
        content = resize(self.content, *pixels.shape[:2])
        return keep_chroma(pixels, content, self.settings.color_strength)


def prepare(
    content: ArrayLike,
    styles: ArrayLike | Sequence[ArrayLike],
    settings: Settings = Settings(),  # noqa: B008 - frozen
    *,
    weights: Weights | str | Path,
) -> Transfer:
    """Checks all that `stylize` is given, in a moment and before anything is computed.

    Raises `UserError` for pictures, settings or weights that cannot work.
    """
    photograph = to_pixels(content, "the content picture")
    paintings = tuple(to_pixels(style, "the style picture") for style in _as_list(styles))
    if settings.style_blend is not None and len(settings.style_blend) != len(paintings):
        raise UserError(
            f"style_blend is {settings.style_blend} for {len(paintings)} style pictures: give one "
            "number for each"
        )
    weights = weights if isinstance(weights, Weights) else load_weights(weights)
    levels = plan(photograph, paintings, settings, weights.architecture)
    paintings = _recolored(paintings, photograph, levels[-1], settings)
    initial = _initial_image(photograph, paintings, levels[0], settings)
    return Transfer(photograph, paintings, initial, settings, weights, levels)


def stylize(
    content: ArrayLike,
    styles: ArrayLike | Sequence[ArrayLike],
    settings: Settings = Settings(),  # noqa: B008 - frozen
    *,
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
        weights: the network, or the file of a converted one.
        on_progress: called after each chunk of steps, while the next one runs. Returning True stops
            the work, and the picture so far becomes the result.
        report_every: where positive, `on_progress` is called at every multiple of this many steps,
            counted over all levels, besides when it is called anyway.

    Returns: the picture at the content's aspect ratio with `settings.size` as its long side.

    Raises `UserError` for pictures, settings or weights that cannot work, and `FloatingPointError`
    where the loss becomes NaN or infinite.
    """
    return prepare(content, styles, settings, weights=weights).run(on_progress, report_every)


def _as_list(styles: ArrayLike | Sequence[ArrayLike]) -> list[ArrayLike]:
    pictures = list(styles) if isinstance(styles, list | tuple) else [styles]
    if not pictures:
        raise UserError("no style picture was given: give at least one")
    return pictures  # type: ignore[return-value]


def _recolored(
    styles: tuple[np.ndarray, ...], content: np.ndarray, finest: Level, settings: Settings
) -> tuple[np.ndarray, ...]:
    """The styles in the content's colors, if so set, and then only as large as they will be used."""
    if settings.color not in COLOR_MATCHES or settings.color_strength == 0:
        return styles
    example = resize(content, finest.height, finest.width)
    return tuple(
        match_colors(style, [example], settings.color, settings.color_strength)
        for style in styles_at(finest, styles, settings.style_scale)
    )


def _initial_image(
    content: np.ndarray, styles: Sequence[np.ndarray], level: Level, settings: Settings
) -> np.ndarray:
    if settings.init in INITIAL_IMAGES:
        return INITIAL_IMAGES[settings.init](
            resize(content, level.height, level.width),
            styles_at(level, styles, settings.style_scale),
            settings.seed,
        )
    if not os.path.isfile(settings.init):
        raise UserError(
            f"init is {settings.init!r}: use {', '.join(INITIAL_IMAGES)} or the name of a picture file"
        )
    return read(settings.init)
