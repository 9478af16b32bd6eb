"""The one exception that means "the caller can put this right"."""


class UserError(ValueError):
    """A setting, file or size that cannot work.

    The message is one line: what is wrong, what was given, what is allowed, what to do. The command
    line prints it and exits with 2.
    """
