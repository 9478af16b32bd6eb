"""What was asked for, and on what it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scene import Scene, make_scene
from nstjax.vgg import Weights


@dataclass(frozen=True)
class Context:
    """What every question is given. An empty choice leaves it to the question."""

    weights: Weights
    weights_file: Path
    content_file: Path
    style_file: Path
    content: np.ndarray  # pixels (H, W, 3)
    style: np.ndarray
    platform: str  # cpu, gpu or tpu: where JAX runs
    deadline: float = float("inf")  # by time.monotonic(): nothing new begins after it
    sizes: tuple[int, ...] = ()  # long sides in pixels
    recipes: tuple[str, ...] = ()
    repeats: int | None = None
    adam_steps: tuple[int, ...] = ()

    @property
    def on_cpu(self) -> bool:
        """Whether there is no accelerator, so that the defaults must be small."""
        return self.platform == "cpu"

    def rounds(self, usual: int) -> int:
        """How often to repeat, where the question usually does so `usual` times."""
        return self.repeats or usual

    def pick_sizes(self, on_cpu: Sequence[int], on_accelerator: Sequence[int]) -> list[int]:
        """The sizes to measure, small to large."""
        return sorted(self.sizes or (on_cpu if self.on_cpu else on_accelerator))

    def scene(self, size: int) -> Scene:
        """The pictures at a size."""
        return make_scene(self.content, self.style, size)
