"""What values a setting may have, said by its type."""

import math
import os
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Literal

from nstjax.errors import UserError


@dataclass(frozen=True)
class Range:
    """The numbers that can work."""

    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None


LONGEST_SHOWN = 120  # characters of a value in an error

Positive = Annotated[float, Range(above=0)]
Weight = Annotated[float, Range(at_least=0)]
Share = Annotated[float, Range(at_least=0, at_most=1)]
Count = Annotated[int, Range(at_least=0)]
Steps = Annotated[int, Range(at_least=1)]
Side = Annotated[int, Range(at_least=16)]  # pixels
Layers = tuple[str, ...]
Weights = tuple[Weight, ...]  # relative ones
Scales = tuple[Positive, ...]


def plain(value: object) -> object:
    """Python's own number or text in place of NumPy's, JAX's, a path or a member of an enumeration.

    Equal settings are then equal, and all can be written as JSON. Any other value stays as it is.
    """
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, bool):
        return value
    for kind, own in ((str, str.__str__), (int, int), (float, float)):
        if isinstance(value, kind):
            return own(value)  # pyright: ignore[reportArgumentType]
    if getattr(value, "ndim", None) == 0:
        try:
            return value.item()  # pyright: ignore[reportAttributeAccessIssue]
        except Exception:  # JAX's within a compiled program
            return value
    return value


def shown(value: object) -> str:
    """How a value looks in an error: in one line, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # more digits, or deeper lists, than Python writes
        return f"too long to show ({type(value).__name__})"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def check(name: str, value: object, hint: typing.Any) -> None:
    """Raises `UserError` for a value that is not of a type, or out of its range."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        if value is None:
            return
        (hint,) = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    if typing.get_origin(hint) is Literal:
        allowed = typing.get_args(hint)
        if not isinstance(value, str) or value not in allowed:
            raise UserError(f"{name} is {shown(value)}: use one of {', '.join(allowed)}")
    elif hint == Layers:
        strings = isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        if not strings:
            raise UserError(f"{name} is {shown(value)}: give layer names in a tuple")
    elif typing.get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            raise UserError(f"{name} is {shown(value)}: give numbers in a tuple, or None")
        for each in value:
            check(name, each, typing.get_args(hint)[0])
    elif hint is bool:
        if not isinstance(value, bool):
            raise UserError(f"{name} is {shown(value)}: give True or False")
    elif hint is str:
        if not isinstance(value, str):
            raise UserError(f"{name} is {shown(value)}: give a string")
    else:
        kind, within = typing.get_args(hint)
        _check_number(name, value, kind, within)


def shares(weights: tuple[float, ...] | None, count: int) -> tuple[float, ...]:
    """Relative weights as shares that are 1 together; equal ones where there are no weights."""
    weights = weights or (1.0,) * count
    return tuple(weight / math.fsum(weights) for weight in weights)


def check_relative(name: str, weights: tuple[float, ...] | None) -> None:
    """Raises `UserError` for relative weights that are all zero."""
    if weights is not None and not any(weights):
        raise UserError(f"{name} is {shown(weights)}: give at least one more than 0")


def check_one_each(name: str, weights: tuple[float, ...] | None, layers: Layers) -> None:
    """Raises `UserError` unless there is a weight for each layer, or none at all."""
    if weights is not None and len(weights) != len(layers):
        raise UserError(
            f"{name} is {shown(weights)}: give one number for each of {', '.join(layers)}, or None"
        )


def _check_number(name: str, value: object, kind: type, within: Range) -> None:
    whole = kind is int
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise UserError(f"{name} is {shown(value)}: give a {'whole ' if whole else ''}number")
    if within.at_least is not None and value < within.at_least:
        raise UserError(f"{name} is {shown(value)}: give at least {within.at_least}")
    if within.above is not None and value <= within.above:
        raise UserError(f"{name} is {shown(value)}: give more than {within.above}")
    if within.at_most is not None and value > within.at_most:
        raise UserError(f"{name} is {shown(value)}: give at most {within.at_most}")
    if value >= 2**31:
        raise UserError(f"{name} is {shown(value)}: give less than 2^31")
    if math.isnan(value):  # last: it passes every comparison, and `isnan` fails for huge integers
        raise UserError(f"{name} is {shown(value)}: give a finite number")
