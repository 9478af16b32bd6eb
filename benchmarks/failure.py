"""What went wrong, in a line of a table."""

LONGEST = 160  # characters


def describe(error: BaseException) -> str:
    """The kind of an error and the beginning of its message."""
    message = " ".join(str(error).split())
    if len(message) > LONGEST:
        message = message[:LONGEST].rsplit(" ", 1)[0] + " ..."
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
