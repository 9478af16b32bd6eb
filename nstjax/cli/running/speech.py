"""What a command says to the person who called it."""

from collections.abc import Callable

import rich.console

from nstjax.printable import printable


def speaker(console: rich.console.Console) -> Callable[[str], None]:
    """A function that prints a line as it is: a name may look like markup, or be too long to break.

    What of it is unsafe to print is escaped.
    """

    def say(text: str) -> None:
        console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    return say
