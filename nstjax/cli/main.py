"""`nstjax COMMAND`: which command runs, and how its failures look."""

import sys
from collections.abc import Callable, Sequence

from nstjax.cli import demo, stylize, weights
from nstjax.cli.exit_codes import INTERRUPTED, SUCCESS, USER_ERROR
from nstjax.errors import UserError
from weights_tools import WeightsError

# Each takes the arguments behind its name and returns an exit code; its docstring is its help.
COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "stylize": stylize.run,
    "demo": demo.run,
    "weights": weights.run,
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
        return COMMANDS[name](rest)
    except (UserError, WeightsError, FloatingPointError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("interrupted: the picture was not written", file=sys.stderr)
        return INTERRUPTED
    except (MemoryError, RuntimeError) as error:
        # XLA has no exception of its own for a full device.
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return _fail("the memory does not suffice: use a smaller --size")


def _fail(message: str) -> int:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return USER_ERROR


def _help() -> str:
    lines = ["usage: nstjax COMMAND ... (nstjax COMMAND --help tells more)", ""]
    for name, command in COMMANDS.items():
        lines.append(f"  {name:10}{(command.__doc__ or '').splitlines()[0]}")
    return "\n".join(lines)
