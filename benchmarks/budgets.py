"""Does `--time-budget` end in time, with the size that was asked for?

    python -m benchmarks.budgets --weights FILE --pictures FOLDER --json FILE

Whole commands in processes of their own, by the clock, with kept programs and without any.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.machine import describe_machine

CASES = ((30, 256), (60, 384), (120, 512))  # seconds, and the long side in pixels
# Whether the programs of earlier runs are there, run by run.
KEPT = (False, True, False, True, True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", required=True, type=Path, help="file of the network")
    parser.add_argument("--pictures", required=True, type=Path, help="folder of the pictures")
    parser.add_argument("--json", required=True, type=Path, help="where to write the numbers")
    options = parser.parse_args()
    pictures = [str(options.pictures / f"{name}.jpg") for name in ("tuebingen", "starry_night")]
    record: dict = {"machine": describe_machine(), "network": options.weights.stem, "runs": []}
    for budget, size in CASES:
        for kept in KEPT:
            flags = [*pictures, "--model", str(options.weights), "--size", str(size)]
            record["runs"].append(
                {"programs": "kept" if kept else "none", **timed(flags, budget, kept)}
            )
            print(record["runs"][-1], flush=True)
            options.json.write_text(json.dumps(record, indent=1) + "\n")


def timed(flags: list[str], budget: int, kept: bool) -> dict:
    """What a command with a budget took, and what it came to."""
    with tempfile.TemporaryDirectory() as folder:
        output, metrics = Path(folder) / "out.png", Path(folder) / "out.jsonl"
        environment = dict(os.environ)
        if not kept:
            environment["JAX_COMPILATION_CACHE_DIR"] = f"{folder}/programs"
        command = [sys.executable, "-m", "nstjax", "stylize", *flags, "-o", str(output), "--quiet"]
        command += ["--metrics", str(metrics), "--time-budget", f"{budget}s"]
        begun = time.perf_counter()
        subprocess.run(command, check=True, env=environment)
        seconds = time.perf_counter() - begun
        steps = [json.loads(line) for line in metrics.read_text().splitlines()]
        with Image.open(output) as picture:
            size = picture.size
    last = steps[-1]
    return {
        "budget": budget,
        "seconds": round(seconds, 2),
        "ratio": round(seconds / budget, 3),
        "size": list(size),
        "painted at": [last["width"], last["height"]],
        "steps": [
            sum(each["level"] == level + 1 for each in steps) for level in range(last["level"])
        ],
        "loss": round(last["total"], 4),
    }


if __name__ == "__main__":
    main()
