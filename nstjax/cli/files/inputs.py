"""What pictures are made from: files read, a network found, a device chosen."""

import functools
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from nstjax.cli.files.model import FoundWeights, find_weights
from nstjax.cli.files.named_files import StyleFiles
from nstjax.cli.files.region_files import read_regions
from nstjax.cli.parsing.arguments import Arguments, Pictures, Run
from nstjax.errors import UserError
from nstjax.images import Picture, read_picture, write
from nstjax.images.files.exif import Part
from nstjax.prepare import Transfer, prepare
from nstjax.problem.regions import Region
from nstjax.problem.seen import Names
from nstjax.settings import Settings
from nstjax.settings.recipe import Recipe
from nstjax.spread import Spread, make_spread
from nstjax.vgg import Weights, load_weights

LEFT_OUT: dict[Part, str] = {"exif": "the photograph's EXIF", "comment": "its recipe"}
PLATFORM_VARIABLES = ("JAX_PLATFORMS", "JAX_PLATFORM_NAME")  # with which JAX looks nowhere else


@dataclass(frozen=True, eq=False)
class Tools:
    """What all pictures of a command are made with."""

    network: FoundWeights
    device: Any  # a `jax.Device`

    @functools.cached_property
    def weights(self) -> Weights:
        """The network's weights, read once."""
        return load_weights(self.network.file)

    def introduction(self, arguments: Arguments) -> Iterator[str]:
        """What a person is told before the work, line by line."""
        if arguments.like is not None:
            yield f"as in {arguments.like}: {_as_typed(arguments.pictures)}"
        network = f"{self.network.name}{self.network.remark}"
        yield f"network {network}, preset {arguments.preset}, on {self.device.device_kind}"


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that a command needs to make pictures of any settings, and to write them."""

    arguments: Arguments
    content: Picture | None
    style_files: list[Path]
    styles: list[np.ndarray]
    regions: list[Region] | None
    tools: Tools
    remarks: list[str]  # on files that were left out, or read although something is wrong with them

    @property
    def made_of(self) -> list[Path]:
        """The files of every picture, every mask, and the network."""
        pictures = self.arguments.pictures
        content = [pictures.content] if pictures.content else []
        masks = [*pictures.masks, *pictures.style_masks]
        return [*content, *self.style_files, *masks, self.tools.network.file]

    def prepare(self, settings: Settings) -> Transfer:
        """The work, with other settings than the arguments' or the same; raises as `prepare` does."""
        names = Names(
            f"the content picture {self.arguments.pictures.content}",
            [f"the style picture {file}" for file in self.style_files],
            flags=True,
        )
        return prepare(
            self.content.pixels if self.content else None,
            self.styles,
            settings,
            regions=self.regions,
            weights=self.tools.weights,
            spread=spread_of(self.arguments.run),
            names=names,
        )

    def recipe(self, settings: Settings) -> Recipe:
        """What a picture of such settings carries."""
        return recipe_for(self.arguments, self.style_files, settings, self.tools)

    def write(self, path: Path, pixels: np.ndarray, recipe: Recipe) -> str:
        """Writes a picture with what it takes along from the content; raises as `write` does.

        Returns: what a person should know of it, in one line; empty if there is nothing.
        """
        left_out = write(
            path,
            pixels,
            alpha=self.content.alpha if self.content else None,
            exif=self.content.exif if self.content else b"",
            comment=recipe.to_json(),
            bit_depth=self.arguments.run.bit_depth,
        )
        if not left_out:
            return ""
        what = " and ".join(LEFT_OUT[each] for each in left_out)
        return f"{path} is without {what}: JPEG has no room for it, PNG has"


def recipe_for(
    arguments: Arguments, style_files: Sequence[Path], settings: Settings, tools: Tools
) -> Recipe:
    """What a picture of such settings carries."""
    pictures = arguments.pictures
    return Recipe(
        settings=settings,
        preset=arguments.preset,
        content=str(pictures.content or ""),
        styles=tuple(map(str, style_files)),
        masks=tuple(map(str, pictures.masks)),
        style_masks=tuple(map(str, pictures.style_masks)),
        model=tools.network.name,
        preprocessing=arguments.preprocessing,
    )


def find_tools(arguments: Arguments) -> Tools:
    """Finds device and network, which may take a download.

    Raises `UserError` for a device that is not there, and `weights_tools.WeightsError`.
    """
    return tools_named(
        arguments.model,
        arguments.preprocessing,
        arguments.run.device,
        progress=not arguments.run.quiet,
    )


def tools_named(model: str, preprocessing: str, device: str, *, progress: bool = True) -> Tools:
    """Finds device and network by their names; raises as `find_tools` does."""
    found = _find_device(device)
    return Tools(find_weights(model, preprocessing, progress=progress), found)


def read_inputs(
    arguments: Arguments, style_files: StyleFiles, several: Sequence[Settings]
) -> Inputs:
    """Reads the pictures and finds network and device, which may take a download.

    Args:
        arguments: what was asked for.
        style_files: the style pictures, in place of the arguments' folders.
        several: all settings that pictures are made with, which say how large they are needed.

    Raises `UserError` for files and devices that cannot be used, and `weights_tools.WeightsError`.
    """
    pictures = arguments.pictures
    size = max(settings.size for settings in several)
    style_size = max(map(longest_style, several))
    content = read_picture(pictures.content, long_side=size) if pictures.content else None
    read_styles = [read_picture(style, long_side=style_size) for style in style_files.files]
    styles = [style.pixels for style in read_styles]
    regions = read_regions(
        pictures.masks,
        pictures.style_masks,
        content=content.pixels.shape[:2] if content else None,
        styles=[style.shape[:2] for style in styles],
    )
    tools = find_tools(arguments)
    read_files = [
        *([(pictures.content, content)] if content else []),
        *zip(style_files.files, read_styles, strict=True),
    ]
    remarks = [f"{file} {remark}" for file, picture in read_files for remark in picture.remarks]
    return Inputs(
        arguments,
        content,
        style_files.files,
        styles,
        regions,
        tools,
        [*style_files.remarks, *remarks],
    )


def longest_style(settings: Settings) -> int:
    """The long side that a style picture is looked at with, in pixels."""
    return math.ceil(max(settings.style_scale) * (settings.style_size or settings.size))


def _as_typed(pictures: Pictures) -> str:
    """Content, styles and masks, nearly as one types them."""
    words = [str(pictures.content or ""), "like", *map(str, pictures.styles)]
    for flag, masks in (("--masks", pictures.masks), ("--style-masks", pictures.style_masks)):
        if masks:
            words += [flag, *map(str, masks)]
    return " ".join(words)


def _find_device(platform: str) -> Any:
    try:
        return _of_this_host(jax.devices(None if platform == "auto" else platform))
    except Exception as error:  # a plugin raises whatever it likes
        chosen = [f"{name}={os.environ[name]}" for name in PLATFORM_VARIABLES if name in os.environ]
        if chosen:
            raise UserError(
                f"device is {platform!r} and with {' '.join(chosen)} in the environment JAX finds none "
                "here: unset that, or set it to cpu and use --device cpu"
            ) from None
        if not isinstance(error, RuntimeError):
            raise
        raise UserError(
            f"device is {platform!r} and JAX finds none here: use --device cpu, or install "
            "nstjax[cuda] or nstjax[tpu]"
        ) from None


def spread_of(run: Run) -> Spread:
    """The tiles and devices that the flags ask for; raises as `make_spread` does."""
    return make_spread(_number(run.tile), _number(run.devices))


def _number(text: str) -> int | str:
    """A whole number where a text is one."""
    return int(text) if text.isdecimal() and len(text) < 10 else text


def _of_this_host(devices: Sequence[Any]) -> Any:
    return next(device for device in devices if device.process_index == jax.process_index())
