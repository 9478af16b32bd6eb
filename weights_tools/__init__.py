"""VGG weights of any source, in one safetensors layout."""

TYPE_CHECKING = False  # as `typing` has it, which takes long to import

if TYPE_CHECKING:
    from weights_tools.cache import cache_folder, cached, fetch, resolve, weights_folder
    from weights_tools.conversion import convert, load
    from weights_tools.errors import WeightsError
    from weights_tools.layout import NetworkWeights, check, read, read_header, write
    from weights_tools.preprocessing import PREPROCESSINGS, Preprocessing
    from weights_tools.sources import SOURCES, Source
    from weights_tools.table import inspect, list_sources, summary

__all__ = [
    "PREPROCESSINGS",
    "SOURCES",
    "NetworkWeights",
    "Preprocessing",
    "Source",
    "WeightsError",
    "cache_folder",
    "cached",
    "check",
    "convert",
    "fetch",
    "inspect",
    "list_sources",
    "load",
    "read",
    "read_header",
    "resolve",
    "summary",
    "weights_folder",
    "write",
]

# Imported on first use: the command line wants to catch signals before NumPy is there.
_LAZY = {
    "NetworkWeights": "weights_tools.layout",
    "PREPROCESSINGS": "weights_tools.preprocessing",
    "Preprocessing": "weights_tools.preprocessing",
    "SOURCES": "weights_tools.sources",
    "Source": "weights_tools.sources",
    "WeightsError": "weights_tools.errors",
    "cache_folder": "weights_tools.cache",
    "cached": "weights_tools.cache",
    "check": "weights_tools.layout",
    "convert": "weights_tools.conversion",
    "fetch": "weights_tools.cache",
    "inspect": "weights_tools.table",
    "list_sources": "weights_tools.table",
    "load": "weights_tools.conversion",
    "read": "weights_tools.layout",
    "read_header": "weights_tools.layout",
    "resolve": "weights_tools.cache",
    "summary": "weights_tools.table",
    "weights_folder": "weights_tools.cache",
    "write": "weights_tools.layout",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
