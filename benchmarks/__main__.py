"""What nstjax costs, and what PyTorch does: `python -m benchmarks`.

Prints Markdown tables, and writes them, the record (JSON) and plots (PNG) as files named after the
machine. The record is saved after every case; in a folder that has one already, cases that are not
measured again are kept. Needs `pip install ".[bench]"`.
"""

import os
import sys

# PyTorch shares the GPU: JAX must not take most of it at once. JAX reads this when it is imported.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

from nstjax.cli.main import fail

EXTRAS = ("torch", "matplotlib")  # what nstjax itself does without


def main() -> int:
    """Runs the benchmarks; a mistake or a disagreement gives one line and exit code 2."""
    from nstjax.errors import UserError
    from weights_tools import WeightsError

    try:
        from benchmarks.arguments import parse
        from benchmarks.run import run

        run(parse())
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        return fail(f'{error.name} is not installed: run pip install ".[bench]"')
    except (UserError, WeightsError) as error:
        return fail(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
