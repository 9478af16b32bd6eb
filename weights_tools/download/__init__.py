"""Getting published files: verified, resumed, from mirrors and copies, and never without end."""

from weights_tools.download.obtain import Obtained, obtained

__all__ = ["Obtained", "obtained"]
