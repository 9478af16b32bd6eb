"""Many pictures: every content in every style, or in pairs, painted together where that can be."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import ArrayLike
from PIL import Image

from nstjax.errors import UserError
from nstjax.given import (
    GivenSettings,
    check_reports,
    chosen_settings,
    given_content,
    given_pictures,
)
from nstjax.images import shape_of
from nstjax.prepare import Transfer, check_settings, prepare
from nstjax.problem.seen import Names
from nstjax.result import OnProgress, Progress
from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS
from nstjax.spread import Devices, Spread, make_spread
from nstjax.together import Outcome, Program, expected_program, paint_all
from nstjax.vgg import Weights, load_weights


class Painted(NamedTuple):
    """What became of one content in one style."""

    content: int  # its place in the list, from 0
    style: int
    result: Outcome  # the picture, or the error in place of it


class _Job(NamedTuple):
    content: int
    style: int


def batch(
    contents: Iterable[ArrayLike],
    styles: Iterable[ArrayLike | Iterable[ArrayLike]],
    settings: GivenSettings = None,
    *,
    pairs: bool = False,
    weights: Weights | str | Path,
    devices: Devices = 1,
    on_progress: OnProgress | None = None,
) -> Iterator[Painted]:
    """Paints every content in every style; pictures of one size are steps of one program.

    Except for rounding, which grows with the steps, each is the picture that `stylize` makes.

    Args:
        contents: pictures as `stylize` takes them, in a list, an iterator or an array `(N, H, W, C)`.
        styles: the same; a list in place of one of them is a mixture, as of `stylize`'s `styles`.
        settings: as for `stylize`, the same for all.
        pairs: each content is painted in the style of the same place only.
        weights: the network, or the file of a converted one.
        devices: as for `stylize`; each has its own pictures.
        on_progress: as for `stylize`, of all pictures that are being painted; where they are several,
            arrays have an axis more, as `Progress` says. True ends the work with these pictures as
            they are.

    Returns: an iterator that paints while it is asked, and yields what is finished: those together that
    were painted together, with errors (`UserError`, `FloatingPointError`) in place of pictures that
    could not be.

    Raises `UserError` at once for what concerns all: settings and weights that cannot work, no pictures,
    and pairs that lack a content or a style.
    """
    check_reports(on_progress)
    chosen = chosen_settings(settings, PRESETS["default"])
    photographs = given_pictures(contents, "contents", "content picture")
    paintings = [
        given_pictures(each, f"styles[{place}]", "style picture")
        for place, each in enumerate(given_pictures(styles, "styles", "style picture"))
    ]
    if pairs and len(photographs) != len(paintings):
        raise UserError(
            f"contents has {len(photographs)} pictures and styles {len(paintings)}: with pairs=True "
            "give as many of each"
        )
    network = weights if isinstance(weights, Weights) else load_weights(weights)
    for count in {len(mixture) for mixture in paintings}:
        check_settings(chosen, count, network.architecture)
    jobs = [
        _Job(content, style)
        for content in range(len(photographs))
        for style in ([content] if pairs else range(len(paintings)))
    ]
    spread = make_spread(devices=devices)
    return _paint(photographs, paintings, jobs, chosen, network, spread, on_progress)


def _paint(
    contents: Sequence[ArrayLike],
    styles: Sequence[Sequence[ArrayLike]],
    jobs: Sequence[_Job],
    settings: Settings,
    weights: Weights,
    spread: Spread,
    on_progress: OnProgress | None,
) -> Iterator[Painted]:
    content_shapes = [_shape(each) for each in contents]
    style_shapes = [[_shape(each) for each in mixture] for mixture in styles]

    def program_of(job: _Job) -> Program | None:
        shapes = content_shapes[job.content], style_shapes[job.style]
        return expected_program(*shapes, settings, weights.architecture)

    def prepared(job: _Job) -> Transfer:
        content = given_content(contents[job.content])
        mixture = styles[job.style]
        style = f"styles[{job.style}]"
        names = [f"{style}[{place}]" for place in range(len(mixture))]
        return prepare(
            content,
            mixture,
            settings,
            weights=weights,
            spread=spread,
            names=Names(f"contents[{job.content}]", names if len(mixture) > 1 else [style]),
        )

    def told(progress: Progress, jobs: Sequence[_Job]) -> bool | None:  # noqa: ARG001
        return on_progress and on_progress(progress)

    programs = {job: program_of(job) for job in jobs}
    count = max(1, len(spread.devices))
    for outcomes in paint_all(jobs, programs, prepared, devices=count, on_progress=told):
        for job, outcome in outcomes.items():
            yield Painted(*job, outcome)


def _shape(picture: Any) -> tuple[int, int] | None:
    """Height and width of what may be a picture; None where nobody tells."""
    if isinstance(picture, Image.Image):
        return shape_of(picture)
    shape: tuple[int, ...] = tuple(getattr(picture, "shape", ()))
    if len(shape) not in (2, 3):
        return None
    height, width, *_ = map(int, shape)
    return height, width
