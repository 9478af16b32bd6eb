"""Everything that decides what a picture will look like, in one frozen dataclass."""

from nstjax.settings.groups import STYLE_LAYERS
from nstjax.settings.settings import GROUPS, Settings, changed_settings
from nstjax.settings.values import shares

__all__ = ["GROUPS", "STYLE_LAYERS", "Settings", "changed_settings", "shares"]
