"""The commands that make one picture: their flags, and what they begin with."""

from collections.abc import Collection
from typing import NamedTuple

from nstjax.cli.parsing.arguments import (
    Arguments,
    ReconstructArguments,
    StylizeArguments,
    TextureArguments,
)
from nstjax.settings.groups import Color, Content, Shape, Style


class Kind(NamedTuple):
    """A command that makes a picture."""

    arguments: type[Arguments]  # the dataclass of its flags
    preset: str  # what the settings begin with, where no flag says so
    without: Collection[type]  # groups of settings that it has no flags for


KINDS = {
    "stylize": Kind(StylizeArguments, "default", (Shape,)),
    "texture": Kind(TextureArguments, "texture", (Content, Color)),
    "reconstruct": Kind(ReconstructArguments, "reconstruct", (Style, Color, Shape)),
}


def name_of(arguments: Arguments) -> str:
    """The command that has such arguments."""
    return next(name for name, kind in KINDS.items() if type(arguments) is kind.arguments)
