"""`nstjax COMMAND`: which command runs, and how its failures look."""

import importlib
import os
import sys
from collections.abc import Sequence

from nstjax.cli.exit_codes import INTERRUPTED, SUCCESS, USER_ERROR
from nstjax.errors import UserError
from nstjax.printable import printable

# What each does. A module of `commands` has its name, and a function `run` that takes the arguments
# behind it and returns an exit code. It is imported when it is called: help should come at once.
COMMANDS = {
    "stylize": "Paints one picture in the style of others.",
    "sweep": "Paints one picture in many settings, and puts them on one sheet.",
    "texture": "Makes a texture like one or more pictures, without content.",
    "reconstruct": "Makes a picture from the feature maps of another, without style.",
    "explain": "Prints the settings that a picture was made with.",
    "demo": "Paints a bundled photograph, into nstjax_demo.png in this folder.",
    "weights": "Lists, fetches, converts and inspects the networks' weights.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. A user's mistake gives one line on standard error and exit code 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help())
        return SUCCESS
    name, *rest = arguments
    try:
        if name not in COMMANDS:
            raise UserError(f"unknown command {name!r}: use one of {', '.join(COMMANDS)}")
        return importlib.import_module(f"nstjax.cli.commands.{name}").run(rest)
    except _explained_errors() as error:  # looked up only once something is raised
        return fail(str(error))
    except BrokenPipeError:  # `nstjax stylize --help | head`
        # The interpreter flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except KeyboardInterrupt:
        print("interrupted: the picture was not written", file=sys.stderr)
        return INTERRUPTED
    except (MemoryError, RuntimeError) as error:
        # XLA has no exception of its own for a full device.
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return fail("the memory does not suffice: use a smaller --size")


def _explained_errors() -> tuple[type[Exception], ...]:
    from weights_tools import WeightsError

    return UserError, WeightsError, FloatingPointError


def fail(message: str) -> int:
    """Says in one line on standard error what went wrong; returns the exit code."""
    print("error: " + printable(" ".join(message.splitlines())), file=sys.stderr)
    return USER_ERROR


def _help() -> str:
    lines = ["usage: nstjax COMMAND ... (nstjax COMMAND --help tells more)", ""]
    lines += [f"  {name:13}{summary}" for name, summary in COMMANDS.items()]
    return "\n".join(lines)
