"""`--over NAME=VALUE,VALUE,...`: which settings a sweep goes through."""

import dataclasses
import types
import typing
from collections.abc import Collection, Sequence
from typing import NamedTuple

from nstjax.errors import UserError
from nstjax.settings import Settings
from nstjax.settings.recipe import check_known

FLAG = "--over"
JOIN = "+"  # between the layers, or the numbers, of one value


class Axis(NamedTuple):
    """A setting, and the values that it takes."""

    name: str
    texts: tuple[str, ...]  # as they were typed
    values: tuple[object, ...]  # as TOML would have them; not checked


def parse_over(over: Sequence[str], known: Collection[str]) -> tuple[Axis, ...]:
    """The axes of a sweep, in the order in which they were named.

    Args:
        over: what stood behind each `--over`.
        known: names of the settings that can be swept.

    Raises `UserError` for a text of another form, a name that is unknown, and whatever is there twice.
    """
    axes = tuple(_parse(text, known) for text in over)
    if not axes:
        raise UserError(f"there is no {FLAG}: give one, as {FLAG} content_weight=0.01,0.1,1")
    names = [axis.name for axis in axes]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise UserError(f"{FLAG} names {name} twice: give all its values behind one of them")
    return axes


def _parse(text: str, known: Collection[str]) -> Axis:
    name, equals, rest = text.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")  # as a flag has it, too
    texts = tuple(each.strip() for each in rest.split(","))
    if not equals or "" in texts:
        raise UserError(f"{FLAG} is {text!r}: give NAME=VALUE,VALUE,... without an empty value")
    check_known(name, known, FLAG)
    hint = typing.get_type_hints(Settings)[name]
    values = tuple(_value(each, hint) for each in texts)
    for place, value in enumerate(values):
        if value in values[:place]:
            raise UserError(f"{FLAG} gives {name} the value {texts[place]} twice: leave one out")
    return Axis(name, texts, values)


def _value(text: str, hint: typing.Any) -> object:
    """A text as TOML would have it, by the type of its setting; one that does not fit stays a text."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return "none"
        (hint,) = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        return [_value(part.strip(), typing.get_args(hint)[0]) for part in text.split(JOIN)]
    if hint is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if hint in (int, float):
        try:
            return hint(text)
        except ValueError:
            return text
    return text


def settings_of(kinds: Collection[type]) -> list[str]:
    """Names of all settings but those of some groups."""
    left_out = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    return [each.name for each in dataclasses.fields(Settings) if each.name not in left_out]
