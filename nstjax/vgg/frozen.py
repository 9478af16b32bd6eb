"""Weights that are never trained."""

from flax import nnx


class Frozen(nnx.Variable):
    """A weight that is never trained."""
