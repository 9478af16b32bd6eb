"""A signal as a wish, not as an exception in the middle of a step."""

from weights_tools.process import signals


class InterruptFlag:
    """While entered, the first signal sets `is_set`; the second one ends the work at once.

    Until `has_result` is called there is nothing that could be kept, and the first one ends it.
    """

    def __init__(self, *, quiet: bool):
        self._signals = signals.current()
        self._notice = "" if quiet else "stopping after these steps; again to give up at once"

    def __enter__(self) -> "InterruptFlag":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_saving()

    @property
    def is_set(self) -> bool:
        """Whether the work should end with what there is."""
        return self._signals.number is not None

    def has_result(self) -> None:
        """From now on there is a picture, if only one on the way."""
        self._signals.notice = self._notice
        self._signals.has_result = True

    def is_saving(self) -> None:
        """From now on there are no steps: a signal changes nothing but the exit code."""
        self._signals.notice = ""
