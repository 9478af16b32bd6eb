"""From a dataclass to flags, by tyro, with a mistake told in one line."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import TypeVar

import tyro

from nstjax.errors import UserError
from weights_tools.process import dashes

Arguments = TypeVar("Arguments")

# What tyro draws its frame with.
CORNER, FRAME, RULE = "╭", "╭╮╰╯│ ", "─-"
LEAST_COLUMNS = 40
UNNAMED = "command"  # the group of the flags that have none


def parse(
    kind: type[Arguments],
    arguments: Sequence[str],
    *,
    prog: str,
    default: Arguments,
) -> Arguments:
    """An instance of a dataclass from command line arguments.

    Args:
        kind: the dataclass; a comment behind a field is its help.
        arguments: what was typed behind the command's name.
        prog: the command, for help.
        default: where the flags' defaults come from.

    Raises `UserError` for arguments that do not fit, `SystemExit` after `--help`.
    """
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint), _wide_enough():
            return tyro.cli(
                kind,
                prog=prog,
                args=arguments,
                default=default,
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.PositionalMetavarFromFieldName),
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        said = f"{_one_line(complaint.getvalue())} (see {prog} --help)"
        raise UserError(f"{said}{dashes.hint(arguments)}") from None


@contextlib.contextmanager
def _wide_enough() -> Iterator[None]:
    """A terminal of some width, whatever it says: in less than its indents tyro's help never ends."""
    before = os.environ.get("COLUMNS")
    if shutil.get_terminal_size().columns < LEAST_COLUMNS:
        os.environ["COLUMNS"] = str(LEAST_COLUMNS)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("COLUMNS", None)
        else:
            os.environ["COLUMNS"] = before


def _one_line(framed: str) -> str:
    """The message in tyro's framed text: what stands between the title and the next ruled line.

    The frame is drawn with lines where standard output takes them; elsewhere the title is underlined.
    """
    lines = [line.strip(FRAME) for line in framed.splitlines()]
    is_rule = [not line.strip(RULE) for line in lines]
    start = 1 if framed.startswith(CORNER) else is_rule.index(True) + 1
    end = next((at for at in range(start, len(lines)) if is_rule[at]), len(lines))
    return " ".join(lines[start:end]).replace(f"'{UNNAMED}.", "'")
