"""The command line: `python -m weights_tools convert | normalize | inspect | verify | ...`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from weights_tools import preprocessing
from weights_tools.cache import fetch, resolve
from weights_tools.conversion import convert, load, refuse_same
from weights_tools.effect import storage_error
from weights_tools.errors import WeightsError
from weights_tools.layout import DTYPES, NetworkWeights, write
from weights_tools.normalize import normalize
from weights_tools.pictures import find_pictures, read_pictures
from weights_tools.sources import SOURCES
from weights_tools.table import differences, inspect, list_sources
from weights_tools.verify import verify


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
    command.add_argument(
        "source",
        help="a file of Keras, PyTorch, safetensors, NumPy, MatConvNet, Caffe or ONNX, "
        "or a wheel or zip with one inside",
    )
    _add_output(command)
    command.add_argument(
        "--preprocessing",
        choices=list(preprocessing.PREPROCESSINGS),
        help="what the network expects (default: detected)",
    )
    command.add_argument("--license", help="of the weights (default: what is known of the file)")
    command.add_argument(
        "--dtype", choices=list(DTYPES), help="how values are stored (default: float32)"
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
    command.add_argument("name", help="a name of `list`, or a weights file")
    commands.add_parser("list", help="list the networks that can be fetched by name")
    command = commands.add_parser("fetch", help="download and convert a network, once")
    command.add_argument("name", help="a name of `list`")
    command = commands.add_parser("path", help="print where weights lie, fetched if need be")
    command.add_argument("name", help="a name of `list`, or a weights file")
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
            is_name = options.file in SOURCES
            print(inspect(fetch(options.file) if is_name else options.file))
        case "verify":
            path = resolve(options.name)
            print(f"{differences(verify(path))}\n{path}: as it should be")
        case "list":
            print(list_sources())
        case "fetch":
            print(fetch(options.name))
        case "path":
            print(resolve(options.name))


def _convert(options: argparse.Namespace) -> None:
    given = options.preprocessing and preprocessing.named(options.preprocessing)
    weights = convert(
        options.source,
        options.output,
        preprocessing=given,
        license=options.license,
        dtype=options.dtype,
    )
    print(f"{options.output}: {_summary(weights)}")
    if weights.dtype != "float32":
        errors = storage_error(weights, weights.dtype)
        layer = max(errors, key=lambda name: errors[name])
        print(
            f"stored as {weights.dtype}: on a test picture {layer} moves by "
            f"{errors[layer]:.1e} of its norm, the other layers by less"
        )


def _normalize(options: argparse.Namespace) -> None:
    pictures = find_pictures(options.picture)
    source = resolve(options.source)
    target = refuse_same(options.output, source)
    weights = normalize(load(source), read_pictures(pictures))
    write(target, weights)
    print(f"{target}: {_summary(weights)}, mean activations of one over {len(pictures)} pictures")


def _summary(weights: NetworkWeights) -> str:
    cut = f" up to {weights.last_layer}" if weights.last_layer else ""
    return (
        f"{weights.architecture}{cut}, license {weights.license}, "
        f"{weights.preprocessing.channel_order} input ({weights.decision or 'not recorded why'})"
    )


if __name__ == "__main__":
    sys.exit(main())
