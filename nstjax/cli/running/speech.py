"""What a command says to the person who called it."""

from collections.abc import Callable

import rich.console


def speaker(console: rich.console.Console) -> Callable[[str], None]:
    """A function that prints a line as it is: a name may look like markup, or be too long to break."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    return say
