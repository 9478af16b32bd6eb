"""What a command's flags begin with: a preset, a settings file, or a picture's recipe."""

import argparse
import dataclasses
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, TypeVar

import tyro

from nstjax.cli.parsing.arguments import Arguments
from nstjax.cli.parsing.settings_file import BESIDE, read_settings_file
from nstjax.errors import UserError
from nstjax.settings.mixture import rename
from nstjax.settings.recipe import Recipe, preset_named, with_values

Kind = TypeVar("Kind", bound=Arguments)


def default_arguments(kind: type[Kind], preset: str, arguments: Sequence[str]) -> Kind:
    """The defaults of a command's flags, from those few flags that decide about the others.

    Args:
        kind: the dataclass of the command.
        preset: what it uses where no flag says so.
        arguments: what was typed behind the command's name.

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
        return _from_picture(kind, Path(chosen.like))
    values: dict[str, Any] = {}
    if chosen.settings:
        values = read_settings_file(Path(chosen.settings))
        preset = values.pop("preset", preset)
    preset = preset if chosen.preset is None else chosen.preset
    beside = {name: values.pop(name) for name in BESIDE if name in values}
    settings = preset_named(preset)
    if values:
        settings = with_values(settings, values, chosen.settings)
    return _with_pictures(kind, {}, preset=preset, settings=settings, **beside)


def _with_pictures(kind: type[Kind], pictures: dict[str, Any], **others: Any) -> Kind:
    """Arguments with those of the pictures that the command takes; what it must have is asked for."""
    names = {each.name for each in dataclasses.fields(kind)}
    wanted = dict.fromkeys(("content", "contents", "styles"), tyro.MISSING) | pictures
    found = {name: value for name, value in wanted.items() if name in names}
    return kind(**found, output=tyro.MISSING, **others)


def _from_picture(kind: type[Kind], path: Path) -> Kind:
    recipe = recipe_of(path)
    settings = recipe.settings

    def located(name: str) -> Path:
        """The file of a name: beside the picture, else in the working folder."""
        here = Path(PurePath(name).name)  # nothing that a recipe says leads to another folder
        beside = path.parent / here
        return here if os.path.isfile(here) and not os.path.isfile(beside) else beside

    def picture(name: str) -> Path:
        """The same, of a picture: a folder would stand for all pictures in it, and nobody named it."""
        file = located(name)
        if os.path.isdir(file):
            raise UserError(f"{path}: its recipe names {file}, which is a folder: name the picture")
        return file

    def named(name: str) -> str:
        """The same, of what may also be another name than a file's; files' names have an ending."""
        file = located(name)
        return str(file) if file.suffix and os.path.isfile(file) else PurePath(name).name

    def is_file(name: str) -> bool:
        return name == PurePath(name).name and os.path.isfile(located(name))

    pictures: dict[str, Any] = {
        "masks": tuple(map(picture, recipe.masks)),
        "style_masks": tuple(map(picture, recipe.style_masks)),
    }
    if recipe.content:
        pictures["content"] = picture(recipe.content)
    if recipe.styles:
        pictures["styles"] = tuple(map(picture, recipe.styles))
    return _with_pictures(
        kind,
        pictures,
        model=named(recipe.model),
        preprocessing=recipe.preprocessing,
        preset=recipe.preset,
        settings=replace(settings, init=rename(settings.init, named, is_file)),
    )


def recipe_of(path: Path) -> Recipe:
    """The recipe that a picture carries.

    Raises `UserError` where the file is no picture, or has no recipe that could be used.
    """
    from nstjax.images import read_comment  # here: only who gives a picture waits for Pillow

    return Recipe.from_json(read_comment(path), str(path))
