"""The command line: `python -m weights_tools convert | normalize | inspect | verify | ...`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from weights_tools.process import run_alone, signals


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m weights_tools") -> int:
    """Run one command and return its exit status: 0, or 2 after one line on stderr.

    Without `arguments`, the process is there for it: they are the command line's, and a signal ends
    it. With them, streams and signals are left as they are.
    """
    if arguments is None:
        return run_alone(lambda: _run(sys.argv[1:], prog))
    with signals.caught_meanwhile():
        return _run(arguments, prog)


def _run(arguments: Sequence[str], prog: str) -> int:
    from weights_tools.commands import run  # NumPy comes with it

    return run(arguments, prog)


if __name__ == "__main__":
    sys.exit(main())
