"""In which form the network is computed: the one place where that follows from the platform.

Every form computes the same values and gradients, up to rounding. Which one is fast depends on what the
program is compiled for, which may be another machine than this one, so it is named and never found out.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax

from nstjax.vgg.convolution import DIRECT, WINOGRAD, Method

# Measured on a CPU, where Winograd's products begin to outweigh its transforms.
WINOGRAD_CHANNELS = 128


class Form(NamedTuple):
    """How the network is computed."""

    method: Callable[[jax.Array], Method]  # for a kernel (3, 3, I, O)


def _winograd_where_wide(kernel: jax.Array) -> Method:
    return WINOGRAD if min(kernel.shape[2:]) >= WINOGRAD_CHANNELS else DIRECT


FORMS = {
    "plain": Form(lambda kernel: DIRECT),  # noqa: ARG005
    "winograd": Form(_winograd_where_wide),
}

_OF_PLATFORMS = {"cpu": "winograd"}


def form_for(platform: str) -> str:
    """The fastest form, a name of `FORMS`, on a platform: `cpu`, `gpu` or `tpu`."""
    return _OF_PLATFORMS.get(platform, "plain")
