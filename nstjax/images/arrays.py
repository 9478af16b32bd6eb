"""What callers give as arrays to arrays of NumPy, or a word why not."""

import os
from typing import Any

import numpy as np

from nstjax.errors import UserError
from nstjax.images.decode.damage import reason


def to_array(image: Any, name: str, *, reader: str = "read") -> np.ndarray:
    """An array of NumPy, JAX or PyTorch, or nested lists of numbers, as NumPy's.

    Args:
        image: of any type.
        name: what to call it in an error.
        reader: the function of `nstjax.images` that makes such an array of a file.

    Raises `UserError` for what is no array of numbers.
    """
    is_file = isinstance(image, str | os.PathLike | bytes | bytearray) or hasattr(image, "read")
    if is_file:
        raise UserError(
            f"{name} is {_shown(image)} and no array: use nstjax.images.{reader} for files"
        )
    if np.ma.isMaskedArray(image) and np.ma.is_masked(image):
        raise UserError(f"{name} is a masked array: fill it first, with image.filled(...)")
    try:
        array = np.asarray(_on_the_host(image))
    except Exception as error:  # every library has reasons of its own
        raise UserError(
            f"{name} is of type {type(image).__name__}, which makes no array ({reason(error)}): "
            "give one of NumPy, JAX or PyTorch"
        ) from None
    if array.ndim == 0 and not isinstance(image, np.ndarray | np.generic | float | int):
        raise UserError(
            f"{name} is of type {type(image).__name__} and no array: give one of NumPy, JAX or PyTorch"
        )
    return array


def _on_the_host(image: Any) -> Any:
    """PyTorch's tensors as NumPy can take them: without gradient, in the memory of the host."""
    if not (hasattr(image, "detach") and hasattr(image, "numpy")):
        return image
    tensor = image.detach().cpu()
    if "bfloat16" in str(tensor.dtype):  # which NumPy has not
        tensor = tensor.float()
    return tensor.numpy()


def _shown(image: Any) -> str:
    shown = (
        repr(image) if isinstance(image, str | os.PathLike) else f"of type {type(image).__name__}"
    )
    return shown if len(shown) < 200 else f"{shown[:200]}..."
