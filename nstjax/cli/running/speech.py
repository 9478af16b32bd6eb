"""What a command says to the person who called it."""

import rich.console

from nstjax.printable import printable


class Speech:
    """Lines on standard error, as they are: a name may look like markup, or be too long to break.

    What of them is unsafe to print is escaped.
    """

    def __init__(self, *, quiet: bool):
        self.console = rich.console.Console(stderr=True, quiet=quiet)
        self._loud = rich.console.Console(stderr=True)

    def say(self, text: str) -> None:
        """What goes on, unless the person wants to hear nothing of that."""
        _print(self.console, text)

    def warn(self, text: str) -> None:
        """What the person would not expect; not while a progress bar is shown."""
        _print(self._loud, text)


def _print(console: rich.console.Console, text: str) -> None:
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
