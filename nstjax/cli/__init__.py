"""The command line: flags and progress; nothing of the algorithm."""

from nstjax.cli.main import main

__all__ = ["main"]
