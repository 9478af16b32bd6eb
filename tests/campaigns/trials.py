"""The command line of a campaign that makes so many trials, and its record."""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def main(about: str | None, campaign: Callable[[int, int], dict], count: int) -> int:
    """Runs a campaign in a folder of its own; the exit code is 1 where it says that something was wrong.

    Args:
        about: what it does.
        campaign: from a count and a seed to what came of them.
        count: how many trials there are unless somebody says.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the record")
    options = parser.parse_args()
    record = options.json and options.json.absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = campaign(options.count, options.seed)
        os.chdir("/")
    print(json.dumps(found, indent=1))
    if record:
        record.write_text(json.dumps(found, indent=1) + "\n")
    return bool(found.get("wrong"))
