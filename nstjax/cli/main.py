"""`nstjax COMMAND`: which command runs, and how its failures look."""

import importlib
import sys
from collections.abc import Sequence

from nstjax.cli import clock
from nstjax.cli.exit_codes import SUCCESS, USER_ERROR
from nstjax.errors import UserError
from nstjax.printable import printable
from weights_tools.process import OutputError, dashes, run_alone, signals

# What each does. A module of `commands` has its name, and a function `run` that takes the arguments
# behind it and returns an exit code. It is imported when it is called: help should come at once.
COMMANDS = {
    "stylize": "Paints one picture in the style of others.",
    "batch": "Paints many pictures in many styles, into a folder.",
    "sweep": "Paints one picture in many settings, and puts them on one sheet.",
    "texture": "Makes a texture like one or more pictures, without content.",
    "reconstruct": "Makes a picture from the feature maps of another, without style.",
    "resume": "Goes on with a picture from its checkpoint.",
    "serve": "Opens a page where pictures are dropped, painted and watched in a browser.",
    "explain": "Prints the settings that a picture was made with.",
    "demo": "Paints a bundled photograph, into nstjax_demo.png in this folder.",
    "weights": "Lists, fetches, converts and inspects the networks' weights.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. A user's mistake gives one line on standard error and exit code 2.

    Without `arguments`, they are the command line's, and the process is there for nothing else: SIGINT,
    SIGTERM and SIGHUP end it. With them, a caller's streams stay as they are, and in the main thread
    signals are caught until the command is done.
    """
    clock.begin()
    if arguments is None:
        return run_alone(lambda: _run(sys.argv[1:]))
    with signals.caught_meanwhile() as caught:
        code = _run(arguments)
    return caught.outcome(code)


def _run(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code, whatever happens but for an error of this program."""
    try:
        return _dispatch(arguments)
    except _explained_errors() as error:  # looked up only once something is raised
        return fail(str(error))
    except OutputError:
        raise
    except BrokenPipeError:  # a caller's stream
        return SUCCESS
    except OSError as error:  # of the machine: a working folder that is gone, a table that is full
        where = f"{error.filename}: " if error.filename else ""
        return fail(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        caught = signals.current()
        print(caught.parting, file=sys.stderr)
        return caught.exit_code
    except (MemoryError, RuntimeError) as error:
        from nstjax.machine.host_memory import is_exhausted

        if not is_exhausted(error):
            raise
        return fail("the memory does not suffice: use a smaller --size")


def _dispatch(arguments: Sequence[str]) -> int:
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help", "--version"):
        print(_version() if name == "--version" else _help())
        return SUCCESS
    if name not in COMMANDS:
        raise UserError(f"unknown command {name!r}: use one of {', '.join(COMMANDS)}")
    command = importlib.import_module(f"nstjax.cli.commands.{name}")
    return command.run(dashes.spelled_out(rest))


def _explained_errors() -> tuple[type[Exception], ...]:
    from weights_tools import WeightsError

    return UserError, WeightsError, FloatingPointError


def fail(message: str) -> int:
    """Says in one line on standard error what went wrong; returns the exit code."""
    signals.current().wait_for_end()
    print("error: " + printable(" ".join(message.splitlines())), file=sys.stderr)
    return USER_ERROR


def _help() -> str:
    lines = [
        "usage: nstjax COMMAND ... (nstjax COMMAND --help tells more), or nstjax --version",
        "",
    ]
    lines += [f"  {name:13}{summary}" for name, summary in COMMANDS.items()]
    return "\n".join(lines)


def _version() -> str:
    from importlib.metadata import version

    return f"nstjax {version('nstjax')}"
