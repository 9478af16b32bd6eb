"""The one exception of this package."""


class WeightsError(ValueError):
    """A user's mistake or a failure of the world: what, why and what to do, in one line."""

    def __init__(self, message: str) -> None:
        """Keep `message` to one line: texts of libraries and file names may hold line breaks."""
        super().__init__(" ".join(message.splitlines()))
