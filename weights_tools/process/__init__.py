"""A process that is a command line: its signals, its streams and what it has unfinished.

Nothing but the standard library, and little of that: this is there before everything else.
"""

from weights_tools.process import dashes, signals
from weights_tools.process.command_line import run_alone
from weights_tools.process.streams import OutputError
from weights_tools.process.unfinished import undo_all, undone_by

__all__ = ["OutputError", "dashes", "run_alone", "signals", "undo_all", "undone_by"]
