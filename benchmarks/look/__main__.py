"""Do our pictures look better than others'?

    python -m benchmarks.look --weights NETWORK --judge NETWORK --pictures FOLDER --output FOLDER

Paints each pair of `pairs.py` by each program of `programs.py`, and measures every picture by
`measures.py`, with the features of a network that painted none of them. Pictures are painted once and
stay in the output folder; ours anew where its settings have changed. There come a record (JSON) after
every picture, and at the end the tables (Markdown) and a sheet of pictures a photograph.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.look.pairs import all_pairs
from benchmarks.look.programs import PROGRAMS
from nstjax.cli.main import fail


def parse() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.look",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--weights", required=True, help="the network that paints: a name or a weights file")
    add("--judge", required=True, help="another network, that judges")
    add("--pictures", required=True, type=Path, help="folder of the pairs")
    add("--output", required=True, type=Path, help="folder for all that is made")
    add("--size", type=int, default=256, help="long side in pixels")
    most = len(all_pairs())
    counts = range(1, most + 1)
    add("--pairs", type=int, default=most, choices=counts, metavar="N", help="the first N only")
    add("--programs", nargs="+", default=list(PROGRAMS), choices=PROGRAMS, help="by default all")
    return parser.parse_args()


def main() -> int:
    """Runs it; a mistake gives one line and exit code 2."""
    options = parse()
    # Imported here: JAX's threads come with it.
    from benchmarks.look.run import run
    from nstjax.errors import UserError
    from weights_tools import WeightsError

    try:
        run(options)
    except (UserError, WeightsError) as error:
        return fail(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
