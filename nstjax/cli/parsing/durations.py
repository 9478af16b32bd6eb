"""Spans of time as people type them."""

import re

from nstjax.errors import UserError

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_FORM = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(filter(None, SECONDS))})?")


def seconds_of(text: str, flag: str, *, at_least: float = 0) -> float:
    """The seconds in `90`, `60s`, `1.5m` or `2h`.

    Raises `UserError` for any other text, and for too short a time; `flag` is what to call it.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UserError(f"{flag} is {text!r}: give a time such as 60s, 5m or 2h")
    seconds = float(found[1]) * SECONDS[found[2] or ""]
    if not at_least <= seconds < 2**31:
        raise UserError(f"{flag} is {text!r}: give at least {at_least:g}s, and less than 2^31 s")
    return seconds
