"""A picture, its losses and a line about it, as HTML that stands alone."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from nstjax.images import shrink, to_bytes
from nstjax.losses import Losses
from nstjax.notebook.chart import chart
from nstjax.optimize import Level

LONG_SIDE = 768  # pixels, at most


def html(
    pixels: np.ndarray,
    history: Losses | None,
    levels: Sequence[Level],
    caption: str,
    *,
    long_side: int = LONG_SIDE,
) -> str:
    """The picture, a chart of its losses, and a line of text, for a notebook or any other page.

    Args:
        pixels: `(H, W, 3)` in [0, 1]; made smaller where it is longer than `long_side`.
        history: each term before each step so far, as in `Result`. None: no chart.
        levels: what the steps of it belong to, in turn.
        caption: a line of text.
        long_side: of the picture that is shown, in pixels, at most.
    """
    lines = {} if history is None else history._asdict()
    terms = {name: np.asarray(values) for name, values in lines.items()}
    small = to_bytes(shrink(np.asarray(pixels), (long_side, long_side)))
    return (
        '<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">'
        f"{_image(small)}{chart(terms, levels)}</div><div>{escape(caption)}</div>"
    )


def _image(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    height, width = pixels.shape[:2]
    return (
        f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" '
        'alt="the picture" style="max-width:100%;height:auto"/>'
    )
