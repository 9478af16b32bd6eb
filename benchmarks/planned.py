"""Does a plan tell what the run then takes of memory?

    python -m benchmarks.planned --weights FILE --pictures FOLDER --json FILE

Each setting runs twice, in processes of its own: with `--plan`, which prints what it expects, and then
for real, of which the system tells the largest resident set.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import describe_machine

FEW = ["--steps", "2", "--coarse-steps", "1", "--first-steps", "1"]
SETTINGS = [
    ["--size", "512"],
    ["--size", "512", "--optimizer", "adam"],
    ["--size", "768", "--optimizer", "adam"],
    ["--size", "768", "--precision", "bfloat16"],
    ["--size", "1024", "--tile", "384", "--optimizer", "adam"],
    ["--size", "1024", "--tile", "512"],
    ["--size", "1024", "--optimizer", "adam"],
    ["--size", "640", "--content-target", "content"],
    ["--size", "640", "--style-scale", "0.5", "1"],
    ["--size", "640", "--photo-weight", "100"],
    ["--size", "768", "--preset", "neural-style"],
    ["--size", "768", "--preset", "style-transfer-pytorch"],
]


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
    with tempfile.TemporaryDirectory() as folder:
        common = [*pictures, "-o", str(Path(folder) / "out.png"), "--model", str(options.weights)]
        for flags in SETTINGS:
            record["runs"].append({"flags": " ".join(flags), **compared([*common, *FEW, *flags])})
            print(record["runs"][-1], flush=True)
            options.json.write_text(json.dumps(record, indent=1) + "\n")


def compared(arguments: list[str]) -> dict:
    """MiB as planned, and as taken, of one picture."""
    planned, _ = run([*arguments, "--plan"])
    found = re.search(r"memory +(\d+) MiB", planned)
    assert found is not None, planned
    _, taken = run(arguments)
    expected = int(found[1])
    return {"planned": expected, "taken": taken, "ratio": round(taken / expected, 3)}


def run(arguments: list[str]) -> tuple[str, int]:
    """What a command says, and its largest resident set in MiB."""
    command = [sys.executable, "-m", "nstjax", "stylize", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, said
    return said, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
