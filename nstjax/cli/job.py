"""One picture from files to a file, with everything that a person sees meanwhile."""

import contextlib
import functools
import time
from collections.abc import Callable

import jax
import rich.console

from nstjax.cli.arguments import Arguments, Pictures
from nstjax.cli.compilation_cache import keep_programs
from nstjax.cli.exit_codes import INTERRUPTED, SUCCESS
from nstjax.cli.interrupt import InterruptFlag
from nstjax.cli.metrics import MetricsFile
from nstjax.cli.model import find_weights
from nstjax.cli.progress import ProgressBar
from nstjax.cli.region_files import read_regions
from nstjax.cli.snapshots import Snapshots
from nstjax.cli.style_files import find_style_files
from nstjax.errors import UserError
from nstjax.images import check_writable, read, read_picture, write
from nstjax.prepare import prepare
from nstjax.recipe import Recipe
from nstjax.result import Progress


def run_job(arguments: Arguments) -> int:
    """Makes the picture and writes it; returns the exit code.

    Everything that can be checked is checked before the work begins. Ctrl-C ends it with the picture
    so far, which is written all the same.
    """
    console = rich.console.Console(stderr=True, quiet=arguments.run.quiet)

    def say(text: str) -> None:
        # As it is: a file name may look like markup, and a long one must not be broken.
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    started = time.monotonic()
    check_writable(arguments.output, arguments.run.bit_depth, arguments.settings.size)
    pictures = arguments.pictures
    content = read_picture(pictures.content) if pictures.content else None
    style_files = find_style_files(pictures.styles)
    styles = [read(style) for style in style_files]
    regions = read_regions(
        pictures.masks,
        pictures.style_masks,
        content=content.pixels.shape[:2] if content else None,
        styles=[style.shape[:2] for style in styles],
    )
    device = _find_device(arguments.run.device)
    found = find_weights(arguments.model, arguments.preprocessing, progress=not arguments.run.quiet)

    recipe = Recipe(
        settings=arguments.settings,
        preset=arguments.preset,
        content=str(pictures.content or ""),
        styles=tuple(map(str, style_files)),
        masks=tuple(map(str, pictures.masks)),
        style_masks=tuple(map(str, pictures.style_masks)),
        model=found.name,
        preprocessing=arguments.preprocessing,
    )
    save = functools.partial(
        write,
        alpha=content.alpha if content else None,
        exif=content.exif if content else b"",
        comment=recipe.to_json(),
        bit_depth=arguments.run.bit_depth,
    )
    keep_programs()
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_device(device))
        transfer = prepare(
            content.pixels if content else None,
            styles,
            arguments.settings,
            regions=regions,
            weights=found.file,
        )
        observers: list[Callable[[Progress], None]] = []
        if arguments.run.metrics is not None:
            observers.append(stack.enter_context(MetricsFile(arguments.run.metrics)))
        if arguments.run.save_every:
            snapshots = Snapshots(arguments.output, arguments.run.save_every, save)
            observers.append(stack.enter_context(snapshots))
        if arguments.like is not None:
            say(f"as in {arguments.like}: {_as_typed(pictures)}")
        say(
            f"network {found.name}{found.remark}, preset {arguments.preset}, on {device.device_kind}"
        )
        interrupted = stack.enter_context(InterruptFlag(say))
        failures: list[UserError] = []

        with ProgressBar(console) as show:

            def on_progress(progress: Progress) -> bool:
                show(progress)
                for observe in tuple(observers):
                    try:
                        observe(progress)
                    except UserError as error:  # the picture matters more than its side files
                        observers.remove(observe)
                        failures.append(error)
                return interrupted.is_set

            result = transfer.run(on_progress, arguments.run.save_every)
        save(arguments.output, result.image)
        height, width = result.image.shape[:2]
        seconds = time.monotonic() - started
        how = "stopped early, " if result.stopped else ""
        say(f"wrote {arguments.output} ({how}{width}x{height}, {seconds:.0f} s)")
    if failures:
        raise failures[0]
    return INTERRUPTED if result.stopped else SUCCESS


def _as_typed(pictures: Pictures) -> str:
    """Content, styles and masks, nearly as one types them."""
    words = [str(pictures.content or ""), "like", *map(str, pictures.styles)]
    for flag, masks in (("--masks", pictures.masks), ("--style-masks", pictures.style_masks)):
        if masks:
            words += [flag, *map(str, masks)]
    return " ".join(words)


def _find_device(platform: str):
    try:
        return jax.devices(None if platform == "auto" else platform)[0]
    except RuntimeError:
        raise UserError(
            f"device is {platform!r} and JAX finds none here: use --device cpu, or install "
            "nstjax[cuda] or nstjax[tpu]"
        ) from None
