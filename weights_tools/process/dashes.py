"""Files whose names begin with a dash, as flags do."""

from __future__ import annotations

import os
from collections.abc import Sequence


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `./` before the names of files, which are no flags.

    These are there, or have an ending behind a single dash. A `--` with flags behind it is left
    out: it was for such a name.
    """
    words = [f"./{word}" if _is_file(word) else word for word in arguments]
    if "--" in words:
        place = words.index("--")
        if any(_is_flag(word) and not os.path.lexists(word) for word in words[place + 1 :]):
            del words[place]
    return words


def hint(arguments: Sequence[str]) -> str:
    """Return what to do, where a mistake may come from such a name; else nothing."""
    word = next((word for word in arguments if _may_be_file(word)), "")
    return f"; if {word} is a file, write ./{word}" if word else ""


def _is_file(word: str) -> bool:
    has_ending = bool(os.path.splitext(word)[1])
    if word[:2] == "--":
        return has_ending and "=" not in word and os.path.lexists(word)
    return _may_be_file(word) and (has_ending or os.path.lexists(word))


def _may_be_file(word: str) -> bool:
    # One dash stands before a flag of one letter or a negative number.
    return word[:1] == "-" and len(word) > 2 and word[1] not in "-0123456789=" and word[2] != "="


def _is_flag(word: str) -> bool:
    return word[:1] == "-" and not _may_be_file(word)
