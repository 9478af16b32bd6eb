"""Walking the dictionaries and lists in which libraries keep their arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weights_tools.errors import WeightsError, printable

# Training checkpoints nest two or three.
MAX_DEPTH = 8


def leaves(
    content: Any, containers: tuple[type, ...], separator: str, remedy: str
) -> Iterator[tuple[str, Any]]:
    """Yield what is in nested containers and is none itself, by names of the keys on the way.

    Args:
        content: the outermost container.
        containers: what to walk into: `dict`, and `list` or `tuple` if they count.
        separator: stands between the keys of a name.
        remedy: what to do about a file that nests too deep, as an order.

    Raises:
        WeightsError: they nest deeper than `MAX_DEPTH`.
    """
    # A container that is in several places, or in itself, would else take very long.
    visited: set[int] = set()
    pending: list[tuple[str, Any, int]] = [("", content, 0)]
    while pending:
        prefix, members, depth = pending.pop()
        if id(members) in visited:
            continue
        visited.add(id(members))
        if depth > MAX_DEPTH:
            raise WeightsError(f"its arrays nest deeper than {MAX_DEPTH}: {remedy}")
        for key, value in members.items() if isinstance(members, dict) else enumerate(members):
            name = f"{prefix}{printable(str(key))}"
            if isinstance(value, containers):
                pending.append((f"{name}{separator}", value, depth + 1))
            else:
                yield name, value
