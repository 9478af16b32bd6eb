"""Neural style transfer in JAX (Gatys, Ecker and Bethge 2016), coarse to fine and compiled."""

TYPE_CHECKING = False  # as `typing` has it, which takes long to import

if TYPE_CHECKING:
    from nstjax.errors import UserError
    from nstjax.many import batch
    from nstjax.problem.regions import Region
    from nstjax.result import Progress, Result
    from nstjax.session import Session
    from nstjax.settings import Settings
    from nstjax.settings.presets import PRESETS
    from nstjax.transfer import reconstruct, stylize, texture
    from nstjax.vgg import load_weights

__all__ = [
    "PRESETS",
    "Progress",
    "Region",
    "Result",
    "Session",
    "Settings",
    "UserError",
    "batch",
    "load_weights",
    "reconstruct",
    "stylize",
    "texture",
]

# Imported on first use: JAX takes seconds to import, and the command line's help needs none of it. The
# command line also wants to catch signals before anything else happens.
_LAZY = {
    "PRESETS": "nstjax.settings.presets",
    "Progress": "nstjax.result",
    "Region": "nstjax.problem.regions",
    "Result": "nstjax.result",
    "Session": "nstjax.session",
    "Settings": "nstjax.settings",
    "UserError": "nstjax.errors",
    "batch": "nstjax.many",
    "load_weights": "nstjax.vgg",
    "reconstruct": "nstjax.transfer",
    "stylize": "nstjax.transfer",
    "texture": "nstjax.transfer",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
