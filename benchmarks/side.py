"""What a comparison needs of each side."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np


class Runner(NamedTuple):
    """Optimizer steps that can be timed."""

    run: Callable[[], None]  # makes `steps` steps, and waits for them
    steps: int


class Side(Protocol):
    """A loss with its pictures, on the device."""

    def loss_and_gradient(self, pixels: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss of pixels `(H, W, 3)`, and its gradient of that shape."""
        ...

    def start(self, start: np.ndarray, optimizer: str, steps: int) -> Runner:
        """Steps of `lbfgs` or `adam` from a picture `(H, W, 3)`, `steps` of them a run."""
        ...

    def facts(self) -> dict[str, float]:
        """What is known about the steps once they ran, such as the most `bytes` held at once."""
        ...
