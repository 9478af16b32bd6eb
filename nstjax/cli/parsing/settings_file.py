"""Settings as a TOML file, for `--settings`; `nstjax explain` prints one."""

import codecs
import dataclasses
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nstjax.errors import UserError
from nstjax.printable import printable
from nstjax.settings import Settings
from nstjax.settings.recipe import Recipe, check_known
from nstjax.settings.values import shown

# What a file may say beside the settings: what of a recipe is neither a picture nor a version.
BESIDE = ("preset", "model", "preprocessing")
MOST_BYTES = 2**20  # of a file
# TOML is UTF-8, but some shells and editors write others. The mark of UTF-32 begins with that of UTF-16.
MARKED = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_settings_file(path: Path) -> dict[str, Any]:
    """The values in a file, by their names; all names are known, the values are not checked.

    Raises `UserError` for a file that is missing, no TOML, without a setting, or has a name that is no
    setting.
    """
    try:
        values = tomllib.loads(_read_text(path))
    except UserError:
        raise  # it is a ValueError too
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no TOML file ({error}): see nstjax explain for one") from None
    if not values:
        # An older file that a failed `explain >` has emptied must not stand for the defaults.
        raise UserError(f"{path} is no TOML file with a setting in it: see nstjax explain for one")
    known = [*BESIDE, *(field.name for field in dataclasses.fields(Settings))]
    for name, value in values.items():
        check_known(name, known, str(path))
        if name in BESIDE and not isinstance(value, str):
            raise UserError(f"{path}: {name} is {shown(value)}: give a text in quotes")
    return values


def _read_text(path: Path) -> str:
    try:
        with open(path, "rb") as file:  # may be a pipe, whose size nobody knows
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # the latter for a name that no file can have
        why = getattr(error, "strerror", None) or error
        raise UserError(f"cannot read the settings {path}: {why}") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{path} is no TOML file of settings: it has more than {MOST_BYTES} bytes")
    if b"\0" in content and not content.startswith(tuple(MARKED)):
        raise UserError(
            f"{path} is no TOML file: it has zeros, as UTF-16 without its mark has: save it as UTF-8"
        )
    encoding = next((MARKED[mark] for mark in MARKED if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no TOML file: byte {error.start} is no {encoding.upper()}: save it as UTF-8"
        ) from None


def to_toml(recipe: Recipe, preset: Settings, *, only_ascii: bool = False) -> Iterator[str]:
    """The lines of a file that asks for a recipe; a comment says where the preset has another value.

    Whatever the recipe's texts are, each line is safe to print. A name that TOML cannot hold is left
    out, and a comment says so: `left_out` tells which.

    Args:
        recipe: what to ask for.
        preset: settings of the recipe's preset.
        only_ascii: for a stream that takes no UTF-8.
    """

    def quoted(text: str) -> str:
        plain = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{printable(plain, only_ascii=only_ascii)}"'

    parts = [f"# {recipe.command} by nstjax {printable(recipe.version, only_ascii=only_ascii)}"]
    for what, files in (
        ("of", (recipe.content,) if recipe.content else ()),
        ("in the style of", recipe.styles),
        ("with masks", recipe.masks),
        ("with style masks", recipe.style_masks),
    ):
        if files:
            parts.append(f"{what} {', '.join(map(quoted, files))}")
    yield " ".join(parts)
    unsayable = left_out(recipe)
    for name in BESIDE:
        value = getattr(recipe, name)
        if value and name not in unsayable:
            yield f"{name} = {quoted(value)}"
    for field in dataclasses.fields(Settings):
        value, usual = (getattr(each, field.name) for each in (recipe.settings, preset))
        if field.name not in unsayable:
            comment = f"  # in the preset: {_value(usual, quoted)}" if value != usual else ""
            yield f"{field.name} = {_value(value, quoted)}{comment}"
    for name, value in unsayable.items():
        yield f"# {name} is left out, since TOML cannot hold it: {quoted(value)}"


def left_out(recipe: Recipe) -> dict[str, str]:
    """The texts of a recipe that TOML cannot hold, by name: file names with bytes that are no UTF-8."""
    texts = {name: getattr(recipe, name) for name in BESIDE} | {"init": recipe.settings.init}
    return {name: text for name, text in texts.items() if not _is_unicode(text)}


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _value(value: object, quoted: Callable[[str], str]) -> str:
    """As TOML has it. It has no word for nothing: "none" is ours."""
    if isinstance(value, tuple):
        return f"[{', '.join(_value(each, quoted) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return quoted("none" if value is None else str(value))
