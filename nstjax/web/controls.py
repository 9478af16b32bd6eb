"""What the page has a control for: every setting, as its dataclass, type and comment say."""

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nstjax.errors import UserError
from nstjax.settings import GROUPS, Settings
from nstjax.settings.values import Range, shown

COMMENT = re.compile(r"^ +(\w+): .*?  # (.+)$", re.MULTILINE)  # behind a field

Kind = Literal["choice", "flag", "whole", "number", "text", "words", "numbers"]


@dataclass(frozen=True)
class Control:
    """How one setting is shown, and what of it is typed or chosen."""

    name: str  # of the setting
    group: str  # the name of its dataclass
    help: str
    kind: Kind
    optional: bool  # whether it may be None, which is shown as nothing
    choices: tuple[str, ...] = ()
    within: Range = Range()  # noqa: RUF009 - frozen

    @property
    def label(self) -> str:
        """The setting's name in words."""
        return self.name.replace("_", " ")

    @property
    def is_typed(self) -> bool:
        """Whether it is shown as a text, though it may be of numbers.

        Numbers that may be None are: a field of numbers has none for nothing, but 0.
        """
        return self.kind in ("text", "words", "numbers") or self.optional

    def shown(self, value: Any) -> Any:
        """A setting's value as the page shows it."""
        if not self.is_typed:
            return value
        if value is None:
            return ""
        return " ".join(map(_written, value)) if isinstance(value, tuple) else _written(value)

    def read(self, entered: Any) -> Any:
        """The setting's value from what the page has.

        Raises `UserError` for a text that has no numbers where it should; `Settings` checks the rest.
        """
        if not self.is_typed:
            return _as_whole(entered) if self.kind == "whole" else entered
        if not isinstance(entered, str):
            raise UserError(f"{self.name} is {shown(entered)}: give a text")
        if self.kind == "text":
            return entered
        words = tuple(entered.replace(",", " ").split())
        if not words and self.optional:
            return None
        if self.kind == "words":
            return words
        numbers = tuple(self._number(word) for word in words)
        if self.kind == "numbers":
            return numbers
        return numbers[0] if len(numbers) == 1 else numbers

    def _number(self, word: str) -> float:
        try:
            number = float(word)
        except ValueError:
            raise UserError(f"{self.name} has {shown(word)}: give numbers, as 0.5 1") from None
        return _as_whole(number) if self.kind == "whole" else number


def make_controls() -> tuple[Control, ...]:
    """A control for each setting, in the order of the groups: a new setting is there by itself."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    return tuple(
        _control(field.name, group.__name__, helps.get(field.name, ""), hints[field.name])
        for group in GROUPS
        for helps in [dict(COMMENT.findall(inspect.getsource(group)))]
        for field in dataclasses.fields(group)
    )


def about(group: str) -> str:
    """What the settings of a group are about."""
    return next(each.__doc__ or "" for each in GROUPS if each.__name__ == group)


def read_settings(controls: tuple[Control, ...], entered: Mapping[str, Any]) -> Settings:
    """The settings that the page shows.

    Raises `UserError` for what cannot work.
    """
    return Settings(**{each.name: each.read(entered[each.name]) for each in controls})


def _control(name: str, group: str, text: str, hint: Any) -> Control:
    optional = typing.get_origin(hint) in (typing.Union, types.UnionType)
    if optional:
        (hint,) = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    kind, choices, within = _kind_of(hint)
    return Control(name, group, text, kind, optional, choices, within)


def _kind_of(hint: Any) -> tuple[Kind, tuple[str, ...], Range]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return "choice", arguments, Range()
    if origin is tuple:
        return ("words" if arguments[0] is str else "numbers"), (), Range()
    if hint in (bool, str):
        return ("flag" if hint is bool else "text"), (), Range()
    number, within = arguments
    return ("whole" if number is int else "number"), (), within


def _as_whole(number: Any) -> Any:
    """JavaScript has one kind of numbers."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _written(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"
