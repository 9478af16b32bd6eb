"""`nstjax weights`: the commands of `weights_tools`."""

from collections.abc import Sequence

from weights_tools.__main__ import main


def run(arguments: Sequence[str]) -> int:
    """Lists, fetches, converts and inspects the networks' weights."""
    return main(list(arguments), prog="nstjax weights")
