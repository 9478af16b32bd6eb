"""How long steps took on this machine: what the seconds of a plan are told from."""

import contextlib
import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path

import weights_tools
from nstjax.cli.files.inputs import Tools
from nstjax.cli.parsing.arguments import Arguments
from nstjax.plan import LevelPlan
from nstjax.result import Progress
from weights_tools.process import atomic_files

# What decides neither what a step computes nor how large it is.
OTHERS = ("size", "steps", "coarse_steps", "first_steps", "coarsest", "level_ratio")
MOST_KINDS = 200  # of steps that are remembered, the latest


def speeds_file() -> Path:
    """Where they are kept."""
    return weights_tools.cache_folder() / "speeds.json"


def kind_of_step(arguments: Arguments, tools: Tools) -> str:
    """What a step's time depends on besides how many pixels the picture has."""
    settings, run = vars(arguments.settings), arguments.run
    program = {name: value for name, value in settings.items() if name not in OTHERS}
    place = tools.network.name, tools.device.device_kind, run.devices, run.tile
    text = json.dumps([program, place], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_speeds() -> dict[str, dict[str, float]]:
    """Seconds of a step by kind and megapixels; nothing where the file is missing or damaged."""
    try:
        found = json.loads(speeds_file().read_text())
        return {
            str(kind): {str(float(size)): float(seconds) for size, seconds in sizes.items()}
            for kind, sizes in found.items()
        }
    except (OSError, ValueError, AttributeError, TypeError, weights_tools.WeightsError):
        return {}


def expected_seconds(kind: str, levels: Sequence[LevelPlan]) -> float | None:
    """For all steps of all levels, from the sizes nearest to theirs; None where none is known."""
    known = {float(size): seconds for size, seconds in read_speeds().get(kind, {}).items()}
    if not known:
        return None
    total = 0.0
    for each in levels:
        size = each.pictures * each.level.pixels / 1e6
        nearest = min(known, key=lambda other: abs(other - size))
        total += each.level.steps * known[nearest] * (size / nearest)
    return total


class Stopwatch:
    """Takes the time of steps, chunk by chunk."""

    def __init__(self, kind: str):
        self._kind = kind
        self._seconds: dict[str, float] = {}
        self._before: tuple[int, int, float] | None = None

    def __call__(self, progress: Progress) -> None:
        """Notes a chunk. The first of a level is left out: it has waited for other things too."""
        now = time.monotonic()
        if self._before is not None and self._before[0] == progress.level:
            steps = progress.step - self._before[1]
            size = str(progress.height * progress.width / 1e6)
            self._seconds[size] = (now - self._before[2]) / steps
        self._before = progress.level, progress.step, now

    def save(self) -> None:
        """Adds what was measured to what is known; everything works without."""
        if not self._seconds:
            return
        speeds = read_speeds()
        speeds[self._kind] = speeds.pop(self._kind, {}) | self._seconds
        kept = dict(list(speeds.items())[-MOST_KINDS:])
        with contextlib.suppress(OSError, weights_tools.WeightsError):
            speeds_file().parent.mkdir(parents=True, exist_ok=True)
            atomic_files.write(speeds_file(), json.dumps(kept).encode())
