"""What somebody gave, in any of the forms that are taken, as one."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from numpy.typing import ArrayLike

from nstjax.errors import UserError
from nstjax.settings import Settings
from nstjax.settings.recipe import preset_named, with_values
from nstjax.settings.values import Count, check, plain, shown

# A recipe; or a preset's name; or what is other than the function's own default, as in a settings file.
GivenSettings = Settings | str | Mapping[str, object] | None


def check_reports(on_progress: object, report_every: object = 0) -> int:
    """How often there is to be a report, as an integer.

    Raises `UserError` for what cannot be called and is not None, and for what is no such number.
    """
    if on_progress is not None and not callable(on_progress):
        raise UserError(
            f"on_progress is {shown(on_progress)}: give a function of one argument, or None"
        )
    report_every = plain(report_every)
    check("report_every", report_every, Count)
    return report_every  # pyright: ignore[reportReturnType]


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
