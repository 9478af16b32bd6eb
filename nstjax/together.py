"""Several settings of one transfer, painted together as one program."""

from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from nstjax.machine.device import default_platform
from nstjax.machine.memory import how_many_fit
from nstjax.optimize import Batch
from nstjax.prepare import Transfer, numbers_of
from nstjax.problem.evaluation import Problem
from nstjax.result import OnProgress, Result, finish, follow
from nstjax.settings import Settings

# What may differ in a batch: the numbers that a compiled program is told, and the first picture.
OWN = (
    "content_weight",
    "style_weight",
    "tv_weight",
    "content_layer_weights",
    "style_layer_weights",
    "learning_rate",
    "averaging",
    "init",
    "seed",
)
AXES = Problem(network=None, targets=None, weights=0, canvas=None)  # type: ignore[arg-type]

# Pixels of all pictures of a batch, beyond which a device is no busier: more would only make the first
# of them come later. And no more pictures than are worth losing when the work is broken off.
BATCH_PIXELS = {"cpu": 2**18, "gpu": 2**22, "tpu": 2**22}
LARGEST_BATCH = 16


def in_common(settings: Settings) -> Settings:
    """The settings with all that may differ in a batch as by default: equal ones are a batch."""
    usual = Settings()
    # A number as well, but that a program without this term is another one.
    photo = float(settings.photo_weight > 0)
    return replace(settings, photo_weight=photo, **{name: getattr(usual, name) for name in OWN})


def pictures_at_once(pixels: int) -> int:
    """How many pictures of that many pixels should be painted together: at least one."""
    bounds = (LARGEST_BATCH, BATCH_PIXELS.get(default_platform(), 2**22) // pixels)
    fitting = how_many_fit(pixels)
    return max(1, min(*bounds, *([] if fitting is None else [fitting])))


def paint_together(
    transfer: Transfer, each: Sequence[Settings], on_progress: OnProgress | None = None
) -> list[Result | FloatingPointError]:
    """A picture for each of several settings that are equal `in_common`.

    One program steps them all. They know nothing of each other: each is, but for rounding, the picture
    that it would be alone, and where one fails the others go on.

    Args:
        transfer: of any of these settings.
        each: the settings of each picture.
        on_progress: as for `stylize`, of all pictures at once. A single one is not one of a batch.

    Returns: in order, the pictures, and an error in the place of one whose loss became NaN or infinite.

    Raises `UserError` for a first picture that cannot be had, and `ValueError` where settings differ in
    more.
    """
    if any(in_common(settings) != in_common(each[0]) for settings in each):
        raise ValueError(f"settings of a batch differ in more than {', '.join(OWN)}")
    transfers = [transfer.with_settings(settings) for settings in each]
    if len(transfers) == 1:
        try:
            return [transfers[0].run(on_progress)]
        except FloatingPointError as error:
            return [error]
    numbers = jax.tree.map(
        lambda *values: np.array(values, np.float32),
        *(numbers_of(one.settings) for one in transfers),
    )
    chunks = transfer.chunks(
        [one.initial for one in transfers], numbers, batch=Batch(len(transfers), AXES)
    )

    def show(pictures: np.ndarray) -> np.ndarray:
        return np.stack([transfer.show(pixels) for pixels in pictures])

    try:
        course = follow(chunks, transfer.levels, on_progress, show)
    except FloatingPointError as error:
        return [error] * len(transfers)
    results: list[Result | FloatingPointError] = []
    for place, one in enumerate(transfers):
        own = course._replace(
            history=jax.tree.map(lambda terms, at=place: terms[:, at], course.history),
            pixels=course.pixels[place],
        )
        try:
            results.append(finish(own, one.levels, one.settings, one.show))
        except FloatingPointError as error:
            results.append(error)
    return results
