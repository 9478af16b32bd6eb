"""How a picture was made, as the JSON that goes into its file, and back."""

import dataclasses
import difflib
import importlib.metadata
import json
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from nstjax.errors import UserError
from nstjax.settings import Settings
from nstjax.settings.mixture import rename
from nstjax.settings.presets import PRESETS
from nstjax.settings.values import plain, shown

VERSION_KEY = "nstjax"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What made a picture. Of files it has names only: a picture that is shown tells of no folders.

    The names are whatever a file may be called, with `surrogateescape` for what is no UTF-8, and those
    from a picture are whatever somebody wrote there: `printable` makes them fit to be shown.
    """

    settings: Settings
    preset: str  # a name of `PRESETS`, which the settings began with
    content: str  # file name of the content picture; empty for a texture
    styles: tuple[str, ...]  # of each style picture; none for a reconstruction
    masks: tuple[str, ...] = ()  # of each mask over the content picture
    style_masks: tuple[str, ...] = ()  # of each mask over a style picture
    model: str  # a network's name, or the name of a weights file
    preprocessing: str = ""  # what the model was said to expect, if that was said
    # Of nstjax.
    version: str = dataclasses.field(default_factory=lambda: importlib.metadata.version("nstjax"))

    @property
    def command(self) -> str:
        """Which command makes such a picture."""
        if self.content:
            return "stylize" if self.styles else "reconstruct"
        return "texture"

    def to_json(self) -> str:
        """One line of ASCII, whatever the names."""
        values = dataclasses.asdict(self)
        for name in ("content", "model"):
            values[name] = PurePath(values[name]).name
        for name in ("styles", "masks", "style_masks"):
            values[name] = [PurePath(file).name for file in values[name]]
        # May be picture files.
        values["settings"]["init"] = rename(self.settings.init, lambda name: PurePath(name).name)
        return json.dumps({VERSION_KEY: values.pop("version"), **values})

    @classmethod
    def from_json(cls, text: str, where: str) -> "Recipe":
        """The recipe in a text of `to_json`, by any version; settings that it lacks are its preset's.

        Nothing in it is believed: it may come from anywhere. `where` is what to call it in an error.

        Raises `UserError` for all but a recipe whose settings could be used.
        """
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or VERSION_KEY not in found:
            raise UserError(
                f"{where} holds no recipe of nstjax: give a picture that nstjax has made"
            )
        found["version"] = found.pop(VERSION_KEY)
        values = found.pop("settings", None)
        if not isinstance(values, dict):
            raise UserError(f"{where}: its recipe is damaged: it has no settings")
        about = _about(found, where)
        if not about["content"] and not about["styles"]:
            raise UserError(f"{where}: its recipe is damaged: it names no picture")
        settings = with_values(preset_named(about["preset"], where), values, where)
        return cls(**about, settings=settings)


_ABOUT = {field.name: field for field in dataclasses.fields(Recipe) if field.name != "settings"}
_FILES = ("content", "styles", "masks", "style_masks")


def _about(found: dict[str, object], where: str) -> dict[str, Any]:
    """What a recipe says beside the settings, of the right types."""
    about = {}
    for name in found:
        check_known(name, _ABOUT, where)
    for name, field in _ABOUT.items():
        value = found.get(name, field.default)
        is_text = field.type is str
        texts = [value] if is_text else value
        if not (isinstance(texts, list | tuple) and all(isinstance(each, str) for each in texts)):
            what = "text" if is_text else "list of texts"
            raise UserError(f"{where}: its recipe is damaged: {name} is no {what}")
        found_texts = tuple(map(str, texts))
        if name in _FILES:
            _check_files(name, found_texts, where)
        about[name] = found_texts[0] if is_text else found_texts
    return about


def _check_files(name: str, files: Sequence[str], where: str) -> None:
    """Raises `UserError` for names that are no file's in any folder, or are folders in each."""
    for file in files:
        # A texture's content has no name.
        if "\0" in file or (PurePath(file).name in ("", "..") and (file or name != "content")):
            raise UserError(
                f"{where}: its recipe is damaged: {name} names {shown(file)}, which is no file name"
            )


def preset_named(name: object, where: str = "") -> Settings:
    """A preset's settings.

    Raises `UserError` for a name that is none.
    """
    if not isinstance(name, str) or name not in PRESETS:
        before = f"{where}: " if where else ""
        raise UserError(f"{before}unknown preset {shown(name)}: use one of {', '.join(PRESETS)}")
    return PRESETS[name]


def with_values(base: Settings, values: Mapping[str, object], where: str) -> Settings:
    """Settings with other values, as JSON or TOML have them: lists for tuples, "none" for None.

    Raises `UserError` for a name that is no setting, and a value that cannot work.
    """
    hints = typing.get_type_hints(Settings)
    for name in values:
        check_known(name, hints, where)
    try:
        fitting = {name: _fitting(value, hints[name]) for name, value in values.items()}
        return dataclasses.replace(base, **fitting)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    except RecursionError:
        raise UserError(f"{where}: a setting has lists in lists without end") from None


def check_known(name: str, known: Collection[str], where: str) -> None:
    """Raises `UserError` for a name that is not known, with the nearest one that is."""
    if name not in known:
        beginning = str(name)[:60]
        (nearest,) = difflib.get_close_matches(beginning, known, n=1, cutoff=0)
        raise UserError(f"{where}: unknown setting {beginning!r}: did you mean {nearest!r}?")


def _fitting(value: object, hint: object) -> object:
    value = plain(value)
    kinds = (hint, *typing.get_args(hint))
    if types.NoneType in kinds and value == "none":
        return None
    if isinstance(value, list):
        return tuple(_fitting(each, None) for each in value)
    # One number where several may stand: `style_scale = 2`.
    several = any(typing.get_origin(kind) is tuple for kind in kinds)
    return (value,) if several and isinstance(value, int | float) else value
