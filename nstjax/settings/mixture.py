"""Names in one text, each with a weight or none: 0.7*content+0.3*start.png."""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nstjax.errors import UserError
from nstjax.settings.values import Weight, check, shares, shown

MOST = 64  # parts; a text from a picture's recipe may be of any length

IsFile = Callable[[str], bool]


class Part(NamedTuple):
    """One of the names in a mixture."""

    weight: str  # a number as it was written; empty where there is none
    name: str


def parse_mixture(
    setting: str, text: str, is_file: IsFile = os.path.isfile
) -> tuple[tuple[str, float], ...]:
    """The names in a text, and their shares, which are 1 together.

    Args:
        setting: what to call the text in an error.
        text: names joined by `+`, each with or without a weight before `*`. Weights are relative; a
            name without one has 1. The name of a file is one name, whatever characters it has.
        is_file: whether a name is a file's.

    Raises `UserError` for an empty part, and weights that are no numbers, negative or all zero.
    """
    if text.count("+") >= MOST and not is_file(text):
        raise UserError(f"{setting} is {shown(text)}: give at most {MOST} parts")
    names, weights = [], []
    for weight, name in _parts(text, is_file):
        if not name:
            raise UserError(f"{setting} is {shown(text)}: a part is empty: give a name in each")
        if "*" in name and not is_file(name):
            before = name.partition("*")[0].strip()
            raise UserError(
                f"{setting} is {shown(text)}: {shown(before)} is no weight: give a number before *, "
                "as in 0.7*content+0.3*noise"
            )
        names.append(name)
        weights.append(float(weight or 1))
        check(f"{setting} is {shown(text)}: the weight of {shown(name)}", weights[-1], Weight)
    if not any(weights):
        raise UserError(f"{setting} is {shown(text)}: every weight is 0: give one that is more")
    return tuple(zip(names, shares(tuple(weights), len(weights)), strict=True))


def rename(text: str, change: Callable[[str], str], is_file: IsFile = os.path.isfile) -> str:
    """The same mixture of other names, with its weights as they were written; nothing is refused."""
    changed = [(weight, change(name)) for weight, name in _parts(text, is_file)]
    return "+".join(f"{weight}*{name}" if weight else name for weight, name in changed)


def _parts(text: str, is_file: IsFile) -> Iterator[Part]:
    if is_file(text) or text.count("+") >= MOST:
        yield Part("", text)
        return
    pieces = text.split("+")
    while pieces:
        # A file's name, its folder or a number such as 1e+3 may have a + too: as much as is a file.
        for count in range(len(pieces), 0, -1):
            part = _part("+".join(pieces[:count]), is_file)
            if count == 1 or is_file(part.name):
                yield part
                del pieces[:count]
                break


def _part(text: str, is_file: IsFile) -> Part:
    text = text.strip()
    weight, star, name = text.partition("*")
    if not star or is_file(text) or not _is_number(weight):
        return Part("", text)
    return Part(weight.strip(), name.strip())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
