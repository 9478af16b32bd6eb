"""The flags of `python -m benchmarks.ahead`."""

import argparse
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from benchmarks.ahead.program import Case
from benchmarks.ahead.targets import TARGETS
from benchmarks.numbers import at_least
from nstjax.optimize import OPTIMIZERS
from nstjax.settings.presets import PRESETS
from nstjax.vgg.architecture import CONVOLUTIONS_PER_STAGE

# The others paint without a content picture, or without a style.
WHOLE_PRESETS = [name for name in PRESETS if name not in ("texture", "reconstruct")]


def parse(arguments: Sequence[str] | None = None, description: str = "") -> argparse.Namespace:
    """The flags, of the command line by default."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ahead",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--target", nargs="+", default=["v5e"], choices=TARGETS, help="devices to compile for")
    add("--sizes", nargs="+", type=at_least(16), default=[1024], help="long sides in pixels")
    add("--optimizers", nargs="+", default=["adam"], choices=OPTIMIZERS)
    add("--models", nargs="+", default=["vgg16"], choices=CONVOLUTIONS_PER_STAGE)
    add(
        "--presets",
        nargs="+",
        default=["default"],
        choices=WHOLE_PRESETS,
        help="whose losses and pools",
    )
    add("--devices", nargs="+", type=at_least(1), default=[1], help="that share the rows")
    add(
        "--tile",
        type=at_least(16),
        help="pixels along the sides of the windows that each device computes in turn; none by default",
    )
    add("--aspect", type=float, default=1.0, help="width over height")
    add(
        "--steps", type=at_least(2), default=5, help="of the loop; the program hardly depends on it"
    )
    add("--top", type=at_least(0), default=0, help="how many of the costliest instructions to list")
    add(
        "--memory",
        action="store_true",
        help="a short table of what each device must hold, also while the targets are computed",
    )
    add("--cold", action="store_true", help="also time the compiling of whole pictures")
    add("--json", type=Path, help="a file for all that was found")
    add("--hlo", type=Path, help="a folder for the compiled programs' text")
    return parser.parse_args(arguments)


def cases(options: argparse.Namespace) -> list[tuple[str, Case]]:
    """Every combination that was asked for: a target's name, and what to compile for it."""
    return [
        (
            target,
            Case(
                model,
                preset,
                optimizer,
                *_sides(size, options.aspect),
                devices,
                options.steps,
                options.tile,
            ),
        )
        for target, model, preset, size, optimizer, devices in product(
            options.target,
            options.models,
            options.presets,
            options.sizes,
            options.optimizers,
            options.devices,
        )
    ]


def _sides(size: int, aspect: float) -> tuple[int, int]:
    """Height and width of a picture with that long side."""
    return round(size / max(aspect, 1)), round(size * min(aspect, 1))
