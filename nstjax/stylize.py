"""The story from top to bottom: arrays in, `Result` out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.images import fit, read, resize, to_pixels
from nstjax.losses import LossWeights
from nstjax.memory import check_memory
from nstjax.optimize import INITIAL_IMAGES, OPTIMIZERS, Level, make_transformation, pyramid, run_levels
from nstjax.problem import Problem, make_evaluation
from nstjax.result import OnProgress, Result, collect
from nstjax.settings import Settings
from nstjax.vgg import Weights, load_weights, smallest_side


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
        styles: one such picture, or a list of pictures that are mixed in equal shares.
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
    photograph = to_pixels(content, "the content picture")
    paintings = [to_pixels(style, "the style picture") for style in _as_list(styles)]
    weights = weights if isinstance(weights, Weights) else load_weights(weights)
    levels = _plan(photograph, paintings, settings, weights.architecture)
    start = _initial_image(photograph, levels[0], settings)

    evaluation, network = make_evaluation(weights, settings)
    loss_weights = LossWeights(settings.content_weight, settings.style_weight, settings.tv_weight)

    def make_problem(level: Level) -> Problem:
        resized = resize(photograph, level.height, level.width)
        resized_styles = [resize(style, *_style_size(style, level)) for style in paintings]
        return Problem(network, evaluation.targets(network, resized, resized_styles), loss_weights)

    chunks = run_levels(
        levels,
        start,
        make_problem,
        evaluate=evaluation,
        optimizer=make_transformation(settings.optimizer),
        learning_rate=settings.learning_rate or OPTIMIZERS[settings.optimizer].learning_rate,
        stop_every=report_every,
    )
    return collect(chunks, levels, settings, on_progress)


def _as_list(styles: ArrayLike | Sequence[ArrayLike]) -> list[ArrayLike]:
    pictures = list(styles) if isinstance(styles, list | tuple) else [styles]
    if not pictures:
        raise UserError("no style picture was given: give at least one")
    return pictures  # type: ignore[return-value]


def _plan(
    content: np.ndarray, styles: Sequence[np.ndarray], settings: Settings, architecture: str
) -> tuple[Level, ...]:
    """The levels, once it is sure that the network can see every picture and that memory suffices."""
    smallest = smallest_side(architecture, settings.content_layers + settings.style_layers)
    levels = pyramid(
        *content.shape[:2],
        size=settings.size,
        coarsest=settings.coarsest,
        ratio=settings.level_ratio,
        steps=settings.steps,
        coarse_steps=settings.coarse_steps,
        smallest_side=smallest,
    )
    sizes = {"the content picture": (levels[-1].height, levels[-1].width)}
    sizes |= {"the style picture": _style_size(style, levels[0]) for style in styles}
    for name, (height, width) in sizes.items():
        if min(height, width) < smallest:
            raise UserError(
                f"{name} is only {width}x{height} pixels at its smallest level, and the layers need "
                f"{smallest}: give a larger or less narrow one, or a larger size"
            )
    check_memory(levels[-1].pixels, settings.precision)
    return levels


def _style_size(style: np.ndarray, level: Level) -> tuple[int, int]:
    """The long side of the level, so that strokes are as large beside it as in the painting.

    A style picture is never enlarged: that would only teach the network blur.
    """
    height, width = style.shape[:2]
    return fit(height, width, min(max(level.height, level.width), max(height, width)))


def _initial_image(content: np.ndarray, level: Level, settings: Settings) -> np.ndarray:
    if settings.init in INITIAL_IMAGES:
        return INITIAL_IMAGES[settings.init](
            resize(content, level.height, level.width), settings.seed
        )
    if not Path(settings.init).is_file():
        raise UserError(
            f"init is {settings.init!r}: use {', '.join(INITIAL_IMAGES)} or the name of a picture file"
        )
    return read(settings.init)
