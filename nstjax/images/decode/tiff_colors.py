"""What the samples of a TIFF mean: its photometric interpretations and extra samples (TIFF 6.0)."""

from typing import NamedTuple

import numpy as np
from PIL import TiffImagePlugin

from nstjax.images.decode.samples import UnreadableError, unit_floats
from nstjax.images.decode.spaces import ycbcr_to_rgb
from nstjax.images.decode.tiff_segments import FLOAT, SIGNED, Layout

# Tags that Pillow has no names for.
INK_SET, SUBSAMPLING, REFERENCES = 332, 530, 532
WHITE_IS_0, BLACK_IS_0, IS_RGB, PALETTE, SEPARATED, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
ASSOCIATED, UNASSOCIATED = 1, 2  # alpha; the color is multiplied by it, or not
COLORS = {WHITE_IS_0: 1, BLACK_IS_0: 1, PALETTE: 1, SEPARATED: 4}  # channels; 3 elsewhere


class Tags(NamedTuple):
    """The values of a directory, checked to be numbers."""

    directory: TiffImagePlugin.ImageFileDirectory_v2

    def all(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Every value of a tag."""
        values = self.directory.get(tag, default)
        values = values if isinstance(values, tuple) else (values,)
        if not all(isinstance(value, int) for value in values):
            raise UnreadableError(f"is damaged: TIFF's tag {tag} holds no integers")
        return values

    def one(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        return (self.all(tag) or (default,))[0]


def color_and_alpha(
    tags: Tags, layout: Layout, photometric: int, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Gray, RGB, CMYK or Lab `(H, W, C)` and alpha `(H, W)`, over their types' whole range."""
    colors = COLORS.get(photometric, 3)
    extra = tags.all(TiffImagePlugin.EXTRASAMPLES)
    # Without a word about the fourth of red, green and blue it is alpha, as everywhere.
    if not extra and photometric == IS_RGB and layout.channels == 4:
        extra = (UNASSOCIATED,)
    if layout.channels < colors or (photometric <= BLACK_IS_0 and layout.channels > 2):
        raise UnreadableError(
            f"has {layout.channels} channels and says nothing of their colors that is understood: "
            "save it as gray, RGB or CMYK"
        )
    kinds = dict(enumerate(extra[: layout.channels - colors], start=colors))
    place = next((each for each, kind in kinds.items() if kind in (ASSOCIATED, UNASSOCIATED)), None)
    if photometric == PALETTE:
        color = _looked_up(tags, layout, values[..., 0])
    else:
        color = _meaning(tags, layout, photometric, values[..., :colors])
    if place is None:
        return color, None
    alpha = _whole_range(values[..., place], layout)
    if alpha.dtype.kind == "u" and alpha.dtype != color.dtype:
        alpha = unit_floats(alpha)
    if kinds[place] == ASSOCIATED:
        color = _divided(color, alpha)
    return color, alpha


def _meaning(tags: Tags, layout: Layout, photometric: int, values: np.ndarray) -> np.ndarray:
    """Samples of all photometric interpretations but palettes, over their types' whole range."""
    if photometric in (CIELAB, ICCLAB):
        if layout.bits not in (8, 16) or layout.kind == FLOAT:
            raise UnreadableError(f"has CIE Lab of {layout.bits} bits: save it as RGB")
        return _lab(values, is_signed=photometric == CIELAB)
    values = _whole_range(values, layout)
    if photometric == WHITE_IS_0:
        return 1 - values if values.dtype.kind == "f" else ~values
    if photometric == SEPARATED and tags.one(INK_SET, 1) != 1:
        raise UnreadableError("has other inks than CMYK: save it as RGB or CMYK")
    if photometric == YCBCR:
        if tags.all(SUBSAMPLING, (2, 2)) != (1, 1) or layout.bits != 8 or layout.kind == FLOAT:
            raise UnreadableError("has YCbCr that is subsampled or not of 8 bits: save it as RGB")
        return ycbcr_to_rgb(values, tags.directory.get(REFERENCES))
    if photometric not in (BLACK_IS_0, IS_RGB, SEPARATED):
        raise UnreadableError(
            f"has the photometric interpretation {photometric}, which is not read: save it as RGB"
        )
    return values


def _whole_range(values: np.ndarray, layout: Layout) -> np.ndarray:
    """Samples as unsigned integers over their types' whole range, or as floats."""
    if layout.kind == FLOAT:
        return values.astype(np.float32)
    most = 2**layout.bits - 1
    found = int(values.max())
    if (
        layout.bits == 32 and (int(values.min()) < 0 or 0 < found <= 65535)
    ) or layout.kind == SIGNED:
        # Pillow writes what has 16 bits as signed integers of 32.
        if layout.kind == SIGNED and int(values.min()) >= 0 and found <= 65535:
            return values.astype(np.uint16)
        raise UnreadableError(
            f"has 32-bit integers from {values.min()} to {found}, of which nobody knows what is white: "
            "save it with 16 bits"
        )
    if layout.bits == 8 * values.itemsize:
        return values
    if 255 % most == 0:
        return values * np.uint8(255 // most)
    return values / np.float32(most)


def _looked_up(tags: Tags, layout: Layout, places: np.ndarray) -> np.ndarray:
    """The colors `(H, W, 3)` of places in the palette."""
    if layout.kind != 1 or layout.bits > 16:
        raise UnreadableError(f"is damaged: it has a palette for {layout.bits} bits")
    colors = np.array(tags.all(TiffImagePlugin.COLORMAP), np.int64).reshape(3, -1).T
    if len(colors) < 2**layout.bits or colors.min() < 0 or colors.max() > 65535:
        raise UnreadableError(f"is damaged: its palette has {len(colors)} colors")
    # Some programs write 8 bits, or shift them; they should be repeated.
    by = next((each for each in (256, 257) if not (colors % each).any()), 1)
    if colors.max() < 256 or by > 1:
        return (colors // by).astype(np.uint8)[places]
    return colors.astype(np.uint16)[places]


def _lab(values: np.ndarray, *, is_signed: bool) -> np.ndarray:
    """CIE Lab as `Samples` has it: bytes, or floats of what has 16 bits."""
    bits = 8 * values.itemsize
    if is_signed:  # a and b are two's complements
        values = values ^ np.array([0, 1 << (bits - 1), 1 << (bits - 1)], values.dtype)
    if bits == 8:
        return values
    # Of 16 bits, L is 100 at 65535 where a and b are signed, else at 65280; a and b are in 1/256.
    lightness = values[..., :1] / np.float32(65535 if is_signed else 65280)
    # Words above 0xff00 are allowed and mean no more than it.
    return np.minimum(np.concatenate([lightness, values[..., 1:] / np.float32(65280)], axis=-1), 1)


def _divided(color: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """A color that was multiplied by alpha, as floats; black where nothing is seen of it."""
    color, alpha = (unit_floats(x) if x.dtype.kind == "u" else x for x in (color, alpha))
    share = alpha[..., np.newaxis]
    return np.clip(color / np.where(share > 0, share, 1), 0, 1)
