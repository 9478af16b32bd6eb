"""The one exception of this package, and how it speaks of what is not ours."""

from __future__ import annotations

_LONGEST = 200


class WeightsError(ValueError):
    """A user's mistake or a failure of the world: what, why and what to do, in one line."""

    def __init__(self, message: str, *, names_file: bool = False) -> None:
        """Keep `message` to one line: texts of libraries and file names may hold line breaks.

        With `names_file`, it begins with the path of the file that it is about.
        """
        super().__init__(" ".join(message.splitlines()))
        self.names_file = names_file

    def about(self, path: object) -> WeightsError:
        """Return the error with `path` in front, if it does not begin with a path already."""
        return self if self.names_file else WeightsError(f"{path}: {self}", names_file=True)


def one_line(text: str) -> str:
    """Return the first line of a text, cut where it is very long."""
    return printable(next((line.strip() for line in text.splitlines() if line.strip()), ""))


def printable(name: str) -> str:
    """Return a name from a file so that it can stand in a message: no newlines, not very long."""
    name = name if name.isprintable() else ascii(name)
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
