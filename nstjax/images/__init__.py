"""Picture files and pixels."""

from nstjax.images.blend import blend
from nstjax.images.color import COLOR_MATCHES, match_colors
from nstjax.images.comment import read_comment
from nstjax.images.contact_sheet import ContactSheet, Example, shrink
from nstjax.images.formats import BitDepth
from nstjax.images.luminance import keep_chroma
from nstjax.images.masks import ColorMap, read_mask
from nstjax.images.pixels import to_bytes, to_pixels, to_words
from nstjax.images.read import Picture, read, read_picture
from nstjax.images.resize import cover, fit, resize, resize_mask
from nstjax.images.write import check_writable, write

__all__ = [
    "COLOR_MATCHES",
    "BitDepth",
    "ColorMap",
    "ContactSheet",
    "Example",
    "Picture",
    "blend",
    "check_writable",
    "cover",
    "fit",
    "keep_chroma",
    "match_colors",
    "read",
    "read_comment",
    "read_mask",
    "read_picture",
    "resize",
    "resize_mask",
    "shrink",
    "to_bytes",
    "to_pixels",
    "to_words",
    "write",
]
