"""VGG weights of any source, in one safetensors layout."""

from weights_tools.cache import cache_folder, cached, fetch, resolve
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
    "write",
]
