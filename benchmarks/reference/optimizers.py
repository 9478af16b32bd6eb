"""Steps of `torch.optim` on the pixels."""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.reference.recipes import Loss

# As neural-style calls it; with tolerances below zero no step is left out. Many iterations in a step
# take the same path as one iteration in each of as many steps.
LBFGS: dict[str, Any] = {"max_iter": 1, "tolerance_grad": -1, "tolerance_change": -1}
# A line search evaluates its first point anew in each step, and so has many iterations in one.
LINE_SEARCH: dict[str, Any] = {**LBFGS, "line_search_fn": "strong_wolfe", "max_iter": 100}


def make_step(
    loss: Loss, pixels: torch.Tensor, method: str, *, adam: dict[str, Any], history: int
) -> Callable[[], None]:
    """A step on pixels `(1, 3, H, W)` that it changes in place and keeps in [0, 1].

    Args:
        loss: what is minimized; evaluated once a step, but a hundred times and more with a line search.
        pixels: a tensor of its own.
        method: `adam`, `lbfgs` or `line search`: L-BFGS with one by the strong Wolfe conditions.
        adam: Adam's arguments.
        history: how many pairs L-BFGS remembers.
    """
    pixels.requires_grad_()
    if method == "adam":
        optimizer = torch.optim.Adam([pixels], **adam)
    else:
        options = LINE_SEARCH if method == "line search" else LBFGS
        optimizer = torch.optim.LBFGS([pixels], history_size=history, **options)

    def closure() -> torch.Tensor:
        with torch.no_grad():
            pixels.clamp_(0, 1)
        optimizer.zero_grad()
        value = loss(pixels)
        value.backward()
        return value

    def step() -> None:
        optimizer.step(closure)  # type: ignore[arg-type]

    return step
