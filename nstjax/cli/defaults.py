"""What the flags of `nstjax stylize` begin with: a preset, a settings file, or a picture's recipe."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import tyro

from nstjax.cli.arguments import Arguments
from nstjax.cli.settings_file import BESIDE, read_settings_file
from nstjax.errors import UserError
from nstjax.recipe import Recipe, preset_named, with_values


def default_arguments(arguments: Sequence[str]) -> Arguments:
    """The defaults of the flags, from those few flags that decide about the others.

    Raises `UserError` for a preset, file or picture that cannot be used.
    """
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for flag in ("--preset", "--settings", "--like"):
        # A missing value is told later, with all flags.
        early.add_argument(flag, nargs="?", const="")
    chosen = early.parse_known_args(arguments)[0]
    if chosen.like and (chosen.settings or chosen.preset is not None):
        raise UserError("--like brings its own preset and settings: leave out --preset, --settings")
    if chosen.like:
        return _from_picture(Path(chosen.like))
    if chosen.settings:
        return _from_file(Path(chosen.settings), chosen.preset)
    return _from_preset("default" if chosen.preset is None else chosen.preset)


def _from_preset(name: str) -> Arguments:
    return Arguments(
        content=tyro.MISSING,
        styles=tyro.MISSING,
        output=tyro.MISSING,
        preset=name,
        settings=preset_named(name),
    )


def _from_file(path: Path, preset: str | None) -> Arguments:
    values = read_settings_file(path)
    in_file = values.pop("preset", "default")
    base = _from_preset(in_file if preset is None else preset)
    beside = {name: values.pop(name) for name in BESIDE if name in values}
    return replace(base, **beside, settings=with_values(base.settings, values, str(path)))


def _from_picture(path: Path) -> Arguments:
    recipe = recipe_of(path)
    settings = recipe.settings

    def located(name: str) -> Path:
        """The file of a name: beside the picture, else in the working folder."""
        here = Path(PurePath(name).name)  # nothing that a recipe says leads to another folder
        beside = path.parent / here
        return here if os.path.isfile(here) and not os.path.isfile(beside) else beside

    def named(name: str) -> str:
        """The same, of what may also be another name than a file's; files' names have an ending."""
        file = located(name)
        return str(file) if file.suffix and os.path.isfile(file) else PurePath(name).name

    return Arguments(
        content=located(recipe.content),
        styles=tuple(map(located, recipe.styles)),
        output=tyro.MISSING,
        model=named(recipe.model),
        preprocessing=recipe.preprocessing,
        preset=recipe.preset,
        settings=replace(settings, init=named(settings.init)),
    )


def recipe_of(path: Path) -> Recipe:
    """The recipe that a picture carries.

    Raises `UserError` where the file is no picture, or has no recipe that could be used.
    """
    from nstjax.images import read_comment  # here: only who gives a picture waits for Pillow

    return Recipe.from_json(read_comment(path), str(path))
