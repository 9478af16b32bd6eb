"""Picture files and pixels."""

from nstjax.images.colors.blend import blend
from nstjax.images.colors.color import COLOR_MATCHES, match_colors
from nstjax.images.colors.luminance import keep_chroma
from nstjax.images.contact_sheet import ContactSheet, Example, shrink
from nstjax.images.files.comment import read_comment
from nstjax.images.files.formats import BitDepth
from nstjax.images.files.read import Picture, read, read_picture
from nstjax.images.files.shape import read_shape, shape_of
from nstjax.images.files.write import check_writable, write
from nstjax.images.masks import ColorMap, read_mask
from nstjax.images.pixels import to_bytes, to_pixels, to_words
from nstjax.images.resize import BEYOND, cover, fit, least_long_side, resize, resize_mask, scaled

__all__ = [
    "BEYOND",
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
    "least_long_side",
    "match_colors",
    "read",
    "read_comment",
    "read_mask",
    "read_picture",
    "read_shape",
    "resize",
    "resize_mask",
    "scaled",
    "shape_of",
    "shrink",
    "to_bytes",
    "to_pixels",
    "to_words",
    "write",
]
