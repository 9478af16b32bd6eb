"""Neural style transfer in JAX (Gatys, Ecker and Bethge 2016), coarse to fine and compiled."""

from typing import TYPE_CHECKING, Any

from nstjax.errors import UserError
from nstjax.presets import PRESETS
from nstjax.settings import Settings

if TYPE_CHECKING:
    from nstjax.regions import Region
    from nstjax.result import Progress, Result
    from nstjax.transfer import reconstruct, stylize, texture
    from nstjax.vgg import load_weights

__all__ = [
    "PRESETS",
    "Progress",
    "Region",
    "Result",
    "Settings",
    "UserError",
    "load_weights",
    "reconstruct",
    "stylize",
    "texture",
]

# Imported on first use: JAX takes seconds to import, and the command line's help needs none of it.
_LAZY = {
    "Progress": "nstjax.result",
    "Region": "nstjax.regions",
    "Result": "nstjax.result",
    "load_weights": "nstjax.vgg",
    "reconstruct": "nstjax.transfer",
    "stylize": "nstjax.transfer",
    "texture": "nstjax.transfer",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
