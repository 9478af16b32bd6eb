"""nstjax's settings for a recipe."""

from dataclasses import fields, replace

from nstjax.settings import Settings
from nstjax.settings.groups import Content, Network, Smoothness, Style
from nstjax.settings.presets import PRESETS

# What the loss consists of; the rest of the settings is about how it is minimized.
LOSS_FIELDS = tuple(
    field.name
    for group in (Style, Content, Smoothness, Network)
    for field in fields(group)
    if field.name != "precision"
)


def matched_settings(recipe: str, precision: str = "float32", **others) -> Settings:
    """The losses of a preset, minimized as nstjax does by default: coarse to fine by L-BFGS."""
    preset = PRESETS[recipe]
    losses = {field: getattr(preset, field) for field in LOSS_FIELDS}
    return replace(Settings(), precision=precision, **losses, **others)
