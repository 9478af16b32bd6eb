"""The commands of the command line: what they take, and what they print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from weights_tools import preprocessing
from weights_tools.cache import fetch, original, resolve
from weights_tools.conversion import convert, load, refuse_same
from weights_tools.effect import storage_error
from weights_tools.errors import WeightsError
from weights_tools.files import check_writable, expanded
from weights_tools.layout import DTYPES, write
from weights_tools.normalize import normalize
from weights_tools.pictures import find_pictures, read_pictures
from weights_tools.process import dashes, signals
from weights_tools.table import differences, inspect, list_sources, summary
from weights_tools.verify import verify


class _Parser(argparse.ArgumentParser):
    """Tells a mistake in the arguments in one line, as every other mistake."""

    def error(self, message: str) -> NoReturn:
        raise _ArgumentsError(f"{message} (see {self.prog} --help)")


class _ArgumentsError(WeightsError):
    """Arguments that do not fit."""


def run(arguments: Sequence[str], prog: str) -> int:
    """Run one command and return its exit status: 0, or 2 after one line on stderr."""
    try:
        _run(_parse(dashes.spelled_out(arguments), prog))
    except WeightsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return signals.current().exit_code
    return 0


def _parse(arguments: Sequence[str], prog: str) -> argparse.Namespace:
    try:
        return _parser(prog).parse_args(arguments)
    except _ArgumentsError as error:
        raise WeightsError(f"{error}{dashes.hint(arguments)}") from None


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        description="Bring VGG weights of any source into one safetensors layout.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("convert", help="convert a weights file")
    command.add_argument(
        "source",
        help="a file of Keras, PyTorch, safetensors, NumPy, MatConvNet, Caffe or ONNX, "
        "a wheel or zip with one inside, or a name of `list`",
    )
    _add_output(command)
    command.add_argument(
        "--preprocessing",
        choices=list(preprocessing.PREPROCESSINGS),
        help="what the network expects (default: detected)",
    )
    command.add_argument("--license", help="of the weights (default: what is known of the file)")
    command.add_argument(
        "--dtype",
        choices=list(DTYPES),
        help="how values are stored (default: as in the file)",
    )
    command = commands.add_parser(
        "normalize", help="rescale every filter to a mean activation of one (Gatys et al.)"
    )
    command.add_argument("source", help="a name of `list`, or a weights file")
    command.add_argument("picture", nargs="+", help="photographs, or folders of them")
    _add_output(command)
    command = commands.add_parser("inspect", help="show what a weights file holds")
    command.add_argument("file", help="a name of `list`, or a file of any format that is read")
    command = commands.add_parser("verify", help="compare a known network with what it computed")
    command.add_argument("file", help="a name of `list`, or a weights file")
    commands.add_parser("list", help="list the networks that can be fetched by name")
    command = commands.add_parser("fetch", help="download and convert a network, once")
    command.add_argument("name", help="a name of `list`")
    command = commands.add_parser("path", help="print where weights lie, fetched if need be")
    command.add_argument("file", help="a name of `list`, or a weights file")
    return parser


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the .safetensors file to write"
    )


def _run(options: argparse.Namespace) -> None:
    match options.command:
        case "convert":
            _convert(options)
        case "normalize":
            _normalize(options)
        case "inspect":
            print(inspect(original(options.file)))
        case "verify":
            path = original(options.file)
            print(f"{differences(verify(path))}\n{path}: as it should be")
        case "list":
            print(list_sources())
        case "fetch":
            print(fetch(options.name))
        case "path":
            print(resolve(options.file))


def _convert(options: argparse.Namespace) -> None:
    target = _target(options.output)
    given = options.preprocessing and preprocessing.named(options.preprocessing)
    weights = convert(
        original(options.source),
        target,
        preprocessing=given,
        license=options.license,
        dtype=options.dtype,
    )
    print(f"{target}: {summary(weights)}, license {weights.license}")
    if options.dtype not in (None, "float32"):
        errors = storage_error(weights, weights.dtype)
        layer = max(errors, key=lambda name: errors[name])
        print(
            f"stored as {weights.dtype}: on a test picture {layer} moves by "
            f"{errors[layer]:.1e} of its norm, the other layers by less"
        )


def _normalize(options: argparse.Namespace) -> None:
    target = _target(options.output)
    pictures = find_pictures(options.picture)
    source = original(options.source)
    refuse_same(target, source)
    weights = normalize(load(source), read_pictures(pictures))
    write(target, weights)
    print(f"{target}: {summary(weights)}, every filter's mean is one over {len(pictures)} pictures")


def _target(output: str) -> Path:
    """Return the file to write, if it can be, and its name does not say that it is something else."""
    path = expanded(output)
    if path.suffix.lower() != ".safetensors":
        raise WeightsError(f"-o {output!r} is no name of a weights file: end it in .safetensors")
    check_writable(path)
    return path
