"""nstjax's settings for a recipe."""

from dataclasses import replace

from nstjax.presets import PRESETS
from nstjax.settings import Settings

# What the loss consists of; the rest of the settings is about how it is minimized.
LOSS_FIELDS = (
    "content_weight",
    "style_weight",
    "tv_weight",
    "photo_weight",
    "content_layers",
    "style_layers",
    "content_loss",
    "style_loss",
    "tv_loss",
    "pooling",
)


def matched_settings(recipe: str, precision: str = "float32", **others) -> Settings:
    """The losses of a preset, minimized as nstjax does by default: coarse to fine by L-BFGS."""
    preset = PRESETS[recipe]
    losses = {field: getattr(preset, field) for field in LOSS_FIELDS}
    return replace(Settings(), precision=precision, **losses, **others)
