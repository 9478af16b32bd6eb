"""Values and gradients of the losses by PyTorch: computed now, or stored."""

import functools
from pathlib import Path

import numpy as np
import pytest
from reference.inputs import relative_error


def stored() -> dict[str, np.ndarray]:
    """Return what `reference/torch_losses.py` gave when it was last run."""
    with np.load(Path(__file__).with_name("torch_losses.npz")) as file:
        return dict(file)


@functools.cache
def live() -> dict[str, np.ndarray]:
    """Return what it gives now; skip the test where PyTorch is not installed."""
    pytest.importorskip("torch", reason="compares with PyTorch itself")
    from reference.torch_losses import values_and_gradients

    return values_and_gradients()


def assert_equal(value, gradient, expected: np.ndarray) -> None:
    """Check a value and its gradient against a row of the reference."""
    assert float(value) == pytest.approx(expected[0], rel=1e-5)
    assert relative_error(np.ravel(gradient), expected[1:]) < 1e-5
