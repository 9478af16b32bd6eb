"""What does one `nstjax batch` take beside as many `nstjax stylize`?

    python -m benchmarks.batch --weights FILE --pictures FOLDER --json FILE

Four photographs in six styles, once by a command for each picture and once by one for all, each with a
cache of programs of its own: first with an empty one, then with what that has filled. With filled ones
the one command runs between two halves of the others, so that a busy machine hits both sides.
"""

import argparse
import functools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.machine import describe_machine

CONTENTS = ("tuebingen", "golden_gate", "hoover_tower_night", "amber")
STYLES = ("starry_night", "the_scream", "shipwreck", "candy", "mosaic", "udnie")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", required=True, type=Path, help="file of the network")
    parser.add_argument("--pictures", required=True, type=Path, help="folder of the pictures")
    parser.add_argument("--size", type=int, default=128, help="long side in pixels")
    parser.add_argument("--contents", type=int, default=len(CONTENTS), help="how many of them")
    parser.add_argument("--styles", type=int, default=len(STYLES), help="how many of them")
    parser.add_argument("--json", required=True, type=Path, help="where to write the numbers")
    options = parser.parse_args()
    record: dict = {
        "machine": describe_machine(),
        "size": options.size,
        "network": options.weights.stem,
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, found in measure(options, Path(folder)):
            record.setdefault("runs", []).append({"run": name, **found})
            print(name, found, flush=True)
            options.json.write_text(json.dumps(record, indent=1) + "\n")
    record["ratios"] = ratios(record["runs"])
    print(record["ratios"])
    options.json.write_text(json.dumps(record, indent=1) + "\n")


def measure(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, dict]]:
    """Yields the name of each run, and what it took."""
    contents, styles = (
        [str(options.pictures / f"{name}.jpg") for name in names]
        for names in (CONTENTS[: options.contents], STYLES[: options.styles])
    )
    pairs = [(content, style) for content in contents for style in styles]
    common = ["--size", str(options.size), "--model", str(options.weights), "--quiet"]

    def one(cache: Path) -> dict:
        out = folder / "out"
        command = ["batch", *contents, "--styles", *styles, "-o", str(out), *common]
        found = timed([command], cache)
        for file in out.iterdir():
            file.unlink()
        return found

    def each(cache: Path, pairs: Sequence[tuple[str, str]]) -> dict:
        out = str(folder / "picture.png")
        return timed([["stylize", *pair, "-o", out, *common] for pair in pairs], cache)

    many, single = folder / "many", folder / "single"
    half = len(pairs) // 2
    yield "one command, cold", one(many)
    yield "commands, cold", each(single, pairs)
    yield "commands, warm, first half", each(single, pairs[:half])
    yield "one command, warm", one(many)
    yield "commands, warm, second half", each(single, pairs[half:])


def timed(commands: Sequence[Sequence[str]], cache: Path) -> dict:
    """Seconds of some commands, and of the processor."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for command in commands:
        subprocess.run(
            [sys.executable, "-m", "nstjax", *command],
            env={**os.environ, "NSTJAX_CACHE": str(cache)},
            check=True,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "commands": len(commands),
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(processor, 2),
    }


def ratios(runs: Sequence[dict]) -> dict:
    """One command over the others, cold and warm."""
    total = functools.partial(sum_of, runs)
    return {
        f"{state}, {kind}": round(
            total("one command", state, kind) / total("commands", state, kind), 3
        )
        for state in ("cold", "warm")
        for kind in ("seconds", "processor_seconds")
    }


def sum_of(runs: Sequence[dict], which: str, state: str, kind: str) -> float:
    return sum(run[kind] for run in runs if run["run"].startswith(f"{which}, {state}"))


if __name__ == "__main__":
    main()
