"""The arguments of a command, into a checkpoint and back."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nstjax.cli.files.inputs import Inputs
from nstjax.cli.parsing.arguments import Arguments, Run
from nstjax.cli.parsing.kinds import KINDS, name_of
from nstjax.errors import UserError
from nstjax.session.checkpoint import Checkpoint
from nstjax.settings import Settings
from nstjax.settings.mixture import rename
from nstjax.settings.recipe import with_values

# Of the flags that say where it runs and what is written, those that hold for the rest too. What is
# written on the way would begin again, over what there is of it.
KEPT = ("bit_depth", "save_every", "device", "devices", "tile", "checkpoint_every")


def about_command(arguments: Arguments, inputs: Inputs, report_every: int) -> dict[str, Any]:
    """What a checkpoint keeps of a command, as JSON has it: with it `resume` needs only the file."""
    pictures = arguments.pictures._replace(styles=tuple(inputs.style_files))
    network = inputs.tools.network
    is_file = os.path.isfile(arguments.model)
    return {
        "command": name_of(arguments),
        "pictures": {
            name: [os.path.abspath(path) for path in paths if path]
            for name, paths in {**pictures._asdict(), "content": [pictures.content]}.items()
        },
        "output": os.path.abspath(arguments.output),
        "preset": arguments.preset,
        "settings": dataclasses.asdict(arguments.settings),
        "model": os.path.abspath(arguments.model) if is_file else network.name,
        "preprocessing": arguments.preprocessing,
        "folder": os.getcwd(),
        "run": {name: getattr(arguments.run, name) for name in KEPT},
        "report_every": report_every,
    }


def resumed_arguments(kept: Checkpoint, file: Path) -> tuple[str, Any]:
    """The command that a checkpoint is of, and its arguments, with the checkpoint's file for more.

    Raises `UserError` where it says none, as that of a program that has saved a session does.
    """
    about = kept.about
    try:
        command = about["command"]
        kind = KINDS[command].arguments
        pictures = {name: tuple(map(Path, paths)) for name, paths in about["pictures"].items()}
        (content,) = pictures.pop("content") or (None,)
        given = {"content": content, **pictures}
        names = {field.name for field in dataclasses.fields(kind)}
        run = Run(**_of_types(about["run"]), checkpoint=file)
        arguments = kind(
            **{name: value for name, value in given.items() if name in names},
            output=Path(about["output"]),
            preset=str(about["preset"]),
            model=str(about["model"]),
            preprocessing=str(about["preprocessing"]),
            settings=settings_of(kept),
            run=run,
        )
        int(about["report_every"])
        return command, arguments
    except UserError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError):
        raise UserError(
            f"{file} is no checkpoint of a command: take it up in Python, with nstjax.Session.load"
        ) from None


def _of_types(values: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that are kept, if they are of the types that they should have."""
    usual = Run()
    for name in KEPT:
        if type(values[name]) is not type(getattr(usual, name)):
            raise TypeError(name)
    return {name: values[name] for name in KEPT}


def settings_of(kept: Checkpoint) -> Settings:
    """The settings of the command; a first picture may have been named in another working folder.

    The checkpoint's own lack the layers of what is not compared. Raises anything where there are none.
    """
    settings = with_values(Settings(), kept.about["settings"], "the checkpoint")
    folder = str(kept.about["folder"])

    def located(name: str) -> str:
        file = os.path.join(folder, name)
        return file if os.path.isfile(file) else name

    return dataclasses.replace(settings, init=rename(settings.init, located))
