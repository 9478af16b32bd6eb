"""Pictures and their losses in Jupyter."""

from nstjax.notebook.page import html
from nstjax.notebook.watch import Watch

__all__ = ["Watch", "html"]
