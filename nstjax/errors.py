"""The one exception that means "the caller can put this right"."""

from nstjax.printable import printable


class UserError(ValueError):
    """A setting, file or size that cannot work.

    The message is one line: what is wrong, what was given, what is allowed, what to do. The command
    line prints it and exits with 2. Names of files and texts from them may hold anything: what cannot
    be printed safely is escaped here.
    """

    def __init__(self, message: str):
        super().__init__(printable(message))
