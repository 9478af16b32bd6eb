"""One picture from files to a file, with everything that a person sees meanwhile."""

import contextlib
import time
from collections.abc import Callable

import jax
import rich.console

from nstjax.cli.arguments import Arguments
from nstjax.cli.compilation_cache import keep_programs
from nstjax.cli.exit_codes import INTERRUPTED, SUCCESS
from nstjax.cli.interrupt import InterruptFlag
from nstjax.cli.metrics import MetricsFile
from nstjax.cli.model import find_weights
from nstjax.cli.progress import ProgressBar
from nstjax.cli.snapshots import Snapshots
from nstjax.errors import UserError
from nstjax.images import check_writable, read, write
from nstjax.result import Progress
from nstjax.transfer import prepare


def run_job(arguments: Arguments) -> int:
    """Makes the picture and writes it; returns the exit code.

    Everything that can be checked is checked before the work begins. Ctrl-C ends it with the picture
    so far, which is written all the same.
    """
    console = rich.console.Console(stderr=True, quiet=arguments.quiet)

    def say(text: str) -> None:
        # As it is: a file name may look like markup, and a long one must not be broken.
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    started = time.monotonic()
    check_writable(arguments.output)
    content = read(arguments.content)
    styles = [read(style) for style in arguments.styles]
    device = _find_device(arguments.device)
    network, weights = find_weights(
        arguments.model, arguments.preprocessing, progress=not arguments.quiet
    )

    keep_programs()
    with contextlib.ExitStack() as stack:
        stack.enter_context(jax.default_device(device))
        transfer = prepare(content, styles, arguments.settings, weights=weights)
        observers: list[Callable[[Progress], None]] = []
        if arguments.metrics is not None:
            observers.append(stack.enter_context(MetricsFile(arguments.metrics)))
        if arguments.save_every:
            observers.append(stack.enter_context(Snapshots(arguments.output, arguments.save_every)))
        say(f"network {network}, preset {arguments.preset}, on {device.device_kind}")
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

            result = transfer.run(on_progress, arguments.save_every)
        write(arguments.output, result.image)
        height, width = result.image.shape[:2]
        seconds = time.monotonic() - started
        how = "stopped early, " if result.stopped else ""
        say(f"wrote {arguments.output} ({how}{width}x{height}, {seconds:.0f} s)")
    if failures:
        raise failures[0]
    return INTERRUPTED if result.stopped else SUCCESS


def _find_device(platform: str):
    try:
        return jax.devices(None if platform == "auto" else platform)[0]
    except RuntimeError:
        raise UserError(
            f"device is {platform!r} and JAX finds none here: use --device cpu, or install "
            "nstjax[cuda] or nstjax[tpu]"
        ) from None
