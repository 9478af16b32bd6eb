"""All settings, flat: the groups are there for help and for reading."""

import dataclasses
import typing
from dataclasses import dataclass

from nstjax.errors import UserError
from nstjax.settings.groups import (
    Color,
    Content,
    Network,
    Optimization,
    Schedule,
    Shape,
    Size,
    Smoothness,
    Start,
    Style,
)
from nstjax.settings.values import check, check_one_each, check_relative, plain


# The bases stand in the opposite order: the fields of the last come first.
@dataclass(frozen=True, kw_only=True)
class Settings(
    Network, Optimization, Schedule, Start, Color, Smoothness, Content, Style, Shape, Size
):
    """The recipe of a picture; a value that cannot work raises `UserError`.

    Numbers of NumPy and JAX, and paths, become Python's own numbers and texts.
    """

    def __post_init__(self):
        hints = typing.get_type_hints(type(self), include_extras=True)
        for field in dataclasses.fields(self):
            value = plain(getattr(self, field.name))
            check(field.name, value, hints[field.name])
            object.__setattr__(self, field.name, value)
        if self.carry_moments and self.optimizer != "adam":
            raise UserError(
                f"carry_moments is for adam and optimizer is {self.optimizer!r}: leave one of them out"
            )
        if not self.style_scale:
            raise UserError("style_scale is (): give at least one number more than 0")
        check_relative("style_blend", self.style_blend)
        for term in ("content", "style"):
            name, layers = f"{term}_layer_weights", f"{term}_layers"
            check_one_each(name, getattr(self, name), getattr(self, layers))
            check_relative(name, getattr(self, name))


def changed_settings(before: Settings, after: Settings) -> dict[str, object]:
    """What is other in some settings than in others: names, and the values after."""
    values = {field.name: getattr(after, field.name) for field in dataclasses.fields(after)}
    return {name: value for name, value in values.items() if value != getattr(before, name)}


GROUPS = tuple(reversed(Settings.__bases__))
