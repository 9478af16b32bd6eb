"""Do both sides compute the same? Asked before anything is timed."""

from typing import NamedTuple

import numpy as np

from nstjax.errors import UserError

LARGEST_LOSS_DIFFERENCE = 1e-3  # relative, in float32


class Point(NamedTuple):
    """The loss of one picture and its gradient `(H, W, 3)`."""

    loss: float
    gradient: np.ndarray


class DisagreementError(UserError):
    """Two sides compute different losses, so that their times mean nothing."""


def difference(found: Point, expected: Point) -> dict[str, float]:
    """`|a - b| / |b|` of the losses, and with norms of the gradients."""
    return {
        "loss": abs(found.loss - expected.loss) / abs(expected.loss),
        "gradient": float(
            np.linalg.norm(found.gradient - expected.gradient) / np.linalg.norm(expected.gradient)
        ),
    }


def check(name: str, precision: str, found: Point, expected: Point) -> dict[str, float]:
    """The differences.

    Raises `DisagreementError` where float32 losses differ by more than `LARGEST_LOSS_DIFFERENCE`.
    """
    differences = difference(found, expected)
    # So written that NaN fails too.
    if precision == "float32" and not differences["loss"] <= LARGEST_LOSS_DIFFERENCE:
        raise DisagreementError(
            f"{name} computes the loss {found.loss:.6g} where nstjax computes {expected.loss:.6g}: "
            "nothing was timed"
        )
    return differences
