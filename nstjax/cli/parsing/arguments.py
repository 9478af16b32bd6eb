"""The flags of the commands that make pictures: files and the machine here, the recipe in `Settings`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import tyro

from nstjax.cli.parsing.durations import seconds_of
from nstjax.errors import UserError
from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS

SMALLEST_THUMBNAIL = 16  # pixels


@dataclass(frozen=True, kw_only=True)
class Run:
    """Where it runs, and what is written."""

    bit_depth: Literal[8, 16] = 8  # bits of a channel in the file; 16 in PNG and TIFF
    save_every: int = 0  # also write a numbered picture every so many steps
    metrics: Path | None = None  # also write each step's losses, a line of JSON each
    save_film: Path | None = None  # also write a film of the picture as it grows: .mp4, .webp
    checkpoint: Path | None = None  # also keep here what `nstjax resume` needs to go on
    checkpoint_every: Annotated[str, tyro.conf.arg(metavar="TIME")] = "60s"  # how often
    # Be done within 60s, 5m or 2h: with as many steps as there is time for.
    time_budget: Annotated[str, tyro.conf.arg(metavar="TIME")] = ""
    quiet: bool = False  # no progress bar
    device: Literal["auto", "cpu", "gpu", "tpu"] = "auto"  # where to compute
    devices: Annotated[str, tyro.conf.arg(metavar="{all}|N")] = "1"  # how many share a picture
    # Side of the tiles that it is computed in, in pixels; auto: none where it fits the memory.
    tile: Annotated[str, tyro.conf.arg(metavar="{auto,none}|PX")] = "auto"
    # Several hosts: auto, where a scheduler tells, or the first one's address and this one's number.
    hosts: Annotated[str, tyro.conf.arg(metavar="{auto}|ADDRESS:PORT,NUMBER,COUNT")] = ""
    plan: bool = False  # only say what it would take, and leave

    def __post_init__(self):
        if self.save_every < 0:
            raise UserError(f"save_every is {self.save_every}: give at least 0")
        seconds_of(self.checkpoint_every, "checkpoint_every")
        if self.hosts and (self.checkpoint or self.time_budget):
            raise UserError("--checkpoint and --time-budget are for a single host: leave them out")
        if self.time_budget:
            seconds_of(self.time_budget, "time_budget", at_least=1)
            for flag in ("save_every", "save_film"):  # which need chunks of certain lengths
                if getattr(self, flag):
                    raise UserError(
                        f"--{flag.replace('_', '-')} and --time-budget exclude each other: leave one out"
                    )

    @property
    def of_one_picture(self) -> tuple[str, ...]:
        """The flags that were given, and are for a command that makes a single picture."""
        flags = ("save_every", "metrics", "save_film", "checkpoint", "time_budget")
        return tuple(f"--{flag.replace('_', '-')}" for flag in flags if getattr(self, flag))


def check_many(run: Run) -> None:
    """Raises `UserError` for flags of a single picture, where a command makes many."""
    if run.of_one_picture:
        raise UserError(f"{', '.join(run.of_one_picture)}: only for a single picture; leave it out")


class Pictures(NamedTuple):
    """The files that a picture is made from."""

    content: Path | None
    styles: tuple[Path, ...]  # or folders of them
    masks: tuple[Path, ...] = ()  # over the content
    style_masks: tuple[Path, ...] = ()  # over each style


Styles = Annotated[
    tyro.conf.Positional[tuple[Path, ...]],
    tyro.conf.arg(
        metavar="STYLE [STYLE ...]",
        help="pictures to paint like, or folders of them; several are mixed",
    ),
]
StyleMasks = Annotated[
    tuple[Path, ...],
    tyro.conf.arg(
        metavar="MASK ...", help="which part of each style picture is looked at: a mask for each"
    ),
]


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What every command takes that makes a picture; which pictures it takes, each adds."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]  # where to write: .png, .jpg, .tif, ...
    preset: Annotated[
        str,
        tyro.conf.arg(
            metavar=f"{{{','.join(PRESETS)}}}", help="recipe that sets the other flags' defaults"
        ),
    ] = "default"
    model: str = "auto"  # a name of `weights list`, or a weights file; auto: vgg19, else a VGG16
    preprocessing: str = ""  # what the model expects, if it is not what was detected
    like: Path | None = None  # take model, settings and pictures from one that nstjax has made
    settings_file: Annotated[
        Path | None,
        tyro.conf.arg(
            name="settings", help="take settings from a TOML file, as `nstjax explain` prints it"
        ),
    ] = None
    settings: tyro.conf.SuppressFixed[tyro.conf.Fixed[Settings]] = field(default_factory=Settings)
    run: tyro.conf.SuppressFixed[tyro.conf.Fixed[Run]] = field(default_factory=Run)

    @property
    def pictures(self) -> Pictures:
        """The files that were named."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class StylizeArguments(Arguments):
    """Paints the content picture in the style of one or more others."""

    content: tyro.conf.Positional[Path]  # the picture that is painted
    styles: Styles
    masks: Annotated[
        tuple[Path, ...],
        tyro.conf.arg(
            metavar="MASK ...",
            help="where each style is painted: a gray mask for each, or one picture of flat colors",
        ),
    ] = ()
    style_masks: StyleMasks = ()

    def __post_init__(self):
        _check_styles(self.styles, "behind the content")

    @property
    def pictures(self) -> Pictures:
        """The files that were named."""
        return Pictures(self.content, self.styles, self.masks, self.style_masks)


@dataclass(frozen=True, kw_only=True)
class AlbumArguments(Arguments):
    """What the commands take beside that make many pictures."""

    thumbnail: int = 320  # long side of a picture on the sheet, at most
    at_once: int = 0  # pictures that are painted together; 0: as many as are useful and fit

    def __post_init__(self):
        if self.thumbnail < SMALLEST_THUMBNAIL:
            raise UserError(
                f"thumbnail is {self.thumbnail}: give at least {SMALLEST_THUMBNAIL} pixels"
            )
        if self.at_once < 0:
            raise UserError(f"at_once is {self.at_once}: give at least 0")


@dataclass(frozen=True, kw_only=True)
class SweepArguments(AlbumArguments, StylizeArguments):
    """Paints the content picture in all combinations of some settings, and puts them on one sheet."""

    over: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]],
        tyro.conf.arg(
            metavar="NAME=VALUE,VALUE,...",
            help="a setting and its values, once for each setting; + joins the layers of a value",
        ),
    ] = ()

    def __post_init__(self):
        StylizeArguments.__post_init__(self)
        AlbumArguments.__post_init__(self)


@dataclass(frozen=True, kw_only=True)
class BatchArguments(AlbumArguments):
    """Paints every content picture in every style, or in pairs, into a folder with index and sheet."""

    contents: Annotated[
        tyro.conf.Positional[tuple[Path, ...]],
        tyro.conf.arg(
            metavar="CONTENT [CONTENT ...]",
            help="pictures that are painted, folders of them, or patterns",
        ),
    ]
    styles: Annotated[
        tuple[Path, ...],
        tyro.conf.arg(
            metavar="STYLE ...", help="pictures to paint like, folders of them, or patterns"
        ),
    ]
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]  # folder to write to
    pairs: bool = False  # the first content in the first style only, the second in the second, ...
    format: Literal["png", "jpg", "tif"] = "png"  # of the pictures

    def __post_init__(self):
        super().__post_init__()
        if not self.contents:
            raise UserError("no content picture was given: name at least one behind the command")
        _check_styles(self.styles, "behind --styles")


@dataclass(frozen=True, kw_only=True)
class TextureArguments(Arguments):
    """Makes a texture like one or more pictures; every seed gives another one."""

    styles: Styles
    style_masks: StyleMasks = ()

    def __post_init__(self):
        _check_styles(self.styles, "behind the command")

    @property
    def pictures(self) -> Pictures:
        """The files that were named."""
        return Pictures(None, self.styles, style_masks=self.style_masks)


@dataclass(frozen=True, kw_only=True)
class ReconstructArguments(Arguments):
    """Makes a picture from nothing but another's feature maps, to see what they know of it."""

    content: tyro.conf.Positional[Path]  # the picture whose feature maps are met

    @property
    def pictures(self) -> Pictures:
        """The files that were named."""
        return Pictures(self.content, ())


def _check_styles(styles: tuple[Path, ...], where: str) -> None:
    if not styles:
        raise UserError(f"no style picture was given: name at least one {where}")
