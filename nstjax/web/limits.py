"""How much of the machine the page gives away."""

from dataclasses import dataclass

from nstjax.errors import UserError
from nstjax.settings import Settings

MEBI = 2**20
STYLE_TIMES = 2  # how many times as long as `largest` a style picture may be looked at


@dataclass(frozen=True)
class Limits:
    """Bounds for what anybody may ask for."""

    largest: int = 1024  # long side of a picture in pixels
    painting: int = 4  # pictures that are painted in turn
    waiting: int = 12  # beside them, in line or paused
    visitors: int = 100
    styles: int = 8  # style pictures of one painting
    values: int = 32  # of a setting that has several
    made: int = 30  # pictures that are kept for each visitor
    body: int = 64 * MEBI  # bytes of a request
    stored: int = 2048 * MEBI  # bytes of all that is kept for visitors
    pixels: int = 64_000_000  # of a picture that is read
    absent: float = 90  # seconds unseen until a picture is stopped; a hidden tab asks once a minute
    forgotten: float = 1800  # and until all of a visitor is dropped

    def check(self, settings: Settings) -> None:
        """Raises `UserError` for a picture that is larger than it may be, or takes too long to begin."""
        for name, value in vars(settings).items():
            if isinstance(value, tuple) and len(value) > self.values:
                raise UserError(f"{name} has {len(value)} values: give at most {self.values}")
        if settings.size > self.largest:
            raise UserError(f"size is {settings.size}: this page paints at most {self.largest}")
        longest = max(settings.style_scale) * (settings.style_size or settings.size)
        if longest > STYLE_TIMES * self.largest:
            raise UserError(
                f"style_scale and style_size make a style picture {longest:.0f} px long: this page "
                f"takes at most {STYLE_TIMES * self.largest}"
            )
