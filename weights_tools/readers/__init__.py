"""One reader a format. The content of a file says which it needs, not its name."""

from weights_tools.readers.formats import (
    FORMATS,
    Format,
    detect_format,
    read_checkpoint,
    require_library,
)

__all__ = ["FORMATS", "Format", "detect_format", "read_checkpoint", "require_library"]
