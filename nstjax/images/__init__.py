"""Picture files and pixels."""

from nstjax.images.color import COLOR_MATCHES, match_colors
from nstjax.images.luminance import keep_chroma
from nstjax.images.pixels import to_bytes, to_pixels
from nstjax.images.read import read
from nstjax.images.resize import fit, resize
from nstjax.images.write import check_writable, write

__all__ = [
    "COLOR_MATCHES",
    "check_writable",
    "fit",
    "keep_chroma",
    "match_colors",
    "read",
    "resize",
    "to_bytes",
    "to_pixels",
    "write",
]
