"""A picture in parts: windows that cover it, on one device after another or on several at once."""

from nstjax.tiles.borders import to_span
from nstjax.tiles.crops import assemble, sum_over_crops, totals_and_pullback
from nstjax.tiles.layout import BY_ROWS, EVERYWHERE, ROWS, Layout, make_layout
from nstjax.tiles.placement import fetch_picture, place, place_picture
from nstjax.tiles.windows import Windows, cover

__all__ = [
    "BY_ROWS",
    "EVERYWHERE",
    "ROWS",
    "Layout",
    "Windows",
    "assemble",
    "cover",
    "fetch_picture",
    "make_layout",
    "place",
    "place_picture",
    "sum_over_crops",
    "to_span",
    "totals_and_pullback",
]
