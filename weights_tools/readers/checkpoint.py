"""What every reader gives: the convolutions of a file, in the network's order, values unread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from weights_tools.preprocessing import Preprocessing

# Bytes of the largest file that is read, and of what it may unpack to: the whole VGG19 with its
# dense layers is 0.6 GB in float32; more is no VGG, but may fill a disk or the memory.
MAX_BYTES = 2 << 30


@dataclass(frozen=True)
class Values:
    """Numbers in a file. Nothing is read before shape and type were found to be right."""

    name: str  # the key by which the file knows them
    shape: tuple[int, ...]
    dtype: str  # NumPy's name of it, or "bfloat16"
    read: Callable[[], np.ndarray]  # of this shape; bfloat16 already widened to float32


@dataclass(frozen=True)
class Convolution:
    """A kernel of four axes in the file's own order, and the bias that belongs to it."""

    kernel: Values
    bias: Values | None


@dataclass(frozen=True)
class Checkpoint:
    """The convolutions of a file. Other layers are left aside, but further heads may be among them.

    A reader is a context manager that gives one: the values can be read as long as it is open. It
    raises a `WeightsError` that begins with the file's path for whatever is wrong with the file,
    also while the values are read.
    """

    convolutions: tuple[Convolution, ...]  # in the order in which the network computes them
    preprocessing: Preprocessing | None = None  # where the file itself says what it expects
    file_format: str = ""  # the name of its kind of files, set by `read_checkpoint`
    usual: str = ""  # what such files expect where nothing tells, a key of PREPROCESSINGS
