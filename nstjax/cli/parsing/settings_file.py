"""Settings as a TOML file, for `--settings`; `nstjax explain` prints one."""

import dataclasses
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nstjax.errors import UserError
from nstjax.recipe import Recipe, check_known
from nstjax.settings import Settings

# What a file may say beside the settings: what of a recipe is neither a picture nor a version.
BESIDE = ("preset", "model", "preprocessing")


def read_settings_file(path: Path) -> dict[str, Any]:
    """The values in a file, by their names; all names are known, the values are not checked.

    Raises `UserError` for a file that is missing, no TOML, or has a name that is no setting.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the settings {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no TOML file ({error}): see nstjax explain for one") from None
    known = [*BESIDE, *(field.name for field in dataclasses.fields(Settings))]
    for name, value in values.items():
        check_known(name, known, str(path))
        if name in BESIDE and not isinstance(value, str):
            raise UserError(f"{path}: {name} is {value!r}: give a text in quotes")
    return values


def to_toml(recipe: Recipe, preset: Settings) -> Iterator[str]:
    """The lines of a file that asks for a recipe; a comment says where the preset has another value."""
    parts = [f"# {recipe.command} by nstjax {recipe.version}"]
    for what, files in (
        ("of", (recipe.content,) if recipe.content else ()),
        ("in the style of", recipe.styles),
        ("with masks", recipe.masks),
        ("with style masks", recipe.style_masks),
    ):
        if files:
            parts.append(f"{what} {', '.join(map(_quoted, files))}")
    yield " ".join(parts)
    for name in BESIDE:
        if value := getattr(recipe, name):
            yield f"{name} = {_quoted(value)}"
    for field in dataclasses.fields(Settings):
        value, usual = (getattr(each, field.name) for each in (recipe.settings, preset))
        comment = f"  # in the preset: {_value(usual)}" if value != usual else ""
        yield f"{field.name} = {_value(value)}{comment}"


def _value(value: object) -> str:
    """As TOML has it. It has no word for nothing: "none" is ours."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return _quoted("none" if value is None else str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
