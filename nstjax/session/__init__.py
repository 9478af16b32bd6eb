"""A style transfer on its way: stepped, looked at, changed, kept."""

from nstjax.session.session import Session

__all__ = ["Session"]
