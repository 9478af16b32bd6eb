"""Flags of many settings in groups, each a box of the help."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Annotated, Any, TypeVar

import tyro

from nstjax.cli.parsing.arguments import Arguments
from nstjax.cli.parsing.flags import UNNAMED, parse
from nstjax.settings import GROUPS, Settings

Kind = TypeVar("Kind", bound=Arguments)


def parse_in_boxes(
    arguments: Sequence[str], *, prog: str, default: Kind, without: Collection[type] = ()
) -> Kind:
    """The arguments of a command that makes pictures; `default` is an instance of their dataclass.

    The command has no flags for the groups of settings that it does `without`.

    Raises as `parse` does, and `UserError` for settings that cannot work.
    """
    settings = default.settings
    boxes = {
        group.__name__.lower(): _part(settings, group) for group in GROUPS if group not in without
    }
    # Without a name: the box of all that is no setting.
    parts = {"": default, **boxes, "run": default.run}
    fields = [
        (
            name or UNNAMED,
            Annotated[type(part), tyro.conf.arg(name=name), tyro.conf.OmitArgPrefixes],
            dataclasses.field(default=part),
        )
        for name, part in parts.items()
    ]
    flags = dataclasses.make_dataclass("Flags", fields, frozen=True, kw_only=True)
    flags.__doc__ = default.__doc__
    parsed: Any = parse(flags, arguments, prog=prog, default=flags())
    values: dict[str, Any] = {}
    for name in boxes:
        values |= vars(getattr(parsed, name))
    return dataclasses.replace(
        getattr(parsed, UNNAMED), settings=dataclasses.replace(settings, **values), run=parsed.run
    )


def _part(settings: Settings, group: type) -> Any:
    """The settings of one group."""
    return group(**{each.name: getattr(settings, each.name) for each in dataclasses.fields(group)})
