"""Signals at random moments of a real run: `python -m campaigns.signals` in `tests`.

Each trial starts `nstjax stylize` on a small picture, sends SIGINT, SIGTERM or SIGHUP, sometimes two,
and looks at what is left. A signal that comes before the command line's first line is the
interpreter's, and is counted apart.
"""

import argparse
import collections
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FORBIDDEN = ("Traceback", "Exception ignored", "Fatal", "Error", "error:")
OLD = b"an older file"
SIZE = 96


@dataclass(frozen=True)
class Trial:
    """A run, and what it is sent: moments in seconds after its start, and signals."""

    sent: tuple[tuple[float, signal.Signals], ...]
    ending: str
    has_old: bool


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    kind: str
    faults: tuple[str, ...]


def make_trials(count: int, seconds: float, seed: int) -> list[Trial]:
    """Trials at moments spread over a run of so many seconds."""
    choose = random.Random(seed)
    trials = []
    for _ in range(count):
        first = choose.uniform(0, seconds)
        sent = [(first, choose.choice(SIGNALS))]
        if choose.random() < 0.25:
            sent.append((first + choose.uniform(0, 0.5), choose.choice(SIGNALS)))
        ending = choose.choice(("png", "jpg", "tif"))
        trials.append(Trial(tuple(sent), ending, choose.random() < 0.5))
    return trials


def run_trial(trial: Trial, command: list[str], folder: Path) -> Outcome:
    """Runs a command that writes `folder/out.<ending>`, sends the signals, and judges what is left."""
    output = folder / f"out.{trial.ending}"
    if trial.has_old:
        output.write_bytes(OLD)
    started = time.monotonic()
    with open(folder / "err", "w+b") as err:
        process = subprocess.Popen(
            [*command, "-o", str(output)], stderr=err, stdout=subprocess.DEVNULL
        )
        caught = []
        for moment, number in trial.sent:
            time.sleep(max(0.0, started + moment - time.monotonic()))
            if process.poll() is None:
                caught.append(_catches(process.pid, number))
                process.send_signal(number)
        process.wait(120)
        err.seek(0)
        said = err.read().decode(errors="replace")
    return _judge(trial, process.returncode, said, caught, output)


def _judge(trial: Trial, code: int, said: str, caught: list[bool], output: Path) -> Outcome:
    faults = []
    is_written = output.exists() and output.read_bytes() != OLD
    if trial.has_old and not output.exists():
        faults.append("the older file is gone")
    if is_written and (fault := _fault_of(output)):
        faults.append(fault)
    faults += [f"left {file.name}" for file in output.parent.glob(".*")]
    if caught and not all(caught):
        return Outcome("before the first line", tuple(faults))
    faults += [f"said {word}: {said[-500:]}" for word in FORBIDDEN if word in said]
    right = 128 + trial.sent[0][1]
    if code not in (0, right):
        faults.append(f"exit code {code} in place of {right}: {said[-500:]}")
    if code == 0 and not is_written:
        faults.append(f"exit code 0 without a picture: {said[-500:]}")
    if code == 0 and caught and "wrote" not in said:
        faults.append(f"a signal was lost: {said[-500:]}")
    kind = "finished" if code == 0 else "stopped with a picture" if is_written else "given up"
    return Outcome(kind, tuple(faults))


def _fault_of(picture: Path) -> str:
    try:
        with Image.open(picture) as opened:
            opened.load()
            return ""
    except (OSError, ValueError, SyntaxError) as error:
        return f"the picture is broken: {error}"


def _catches(pid: int, number: int) -> bool:
    """Whether the process catches a signal yet; where nobody tells, after a tenth of a second."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    (mask,) = (line.split()[1] for line in lines if line.startswith("SigCgt"))
    # Python itself catches SIGINT, and raises: ours is there once it catches SIGTERM too.
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1) and bool(
        int(mask, 16) >> (number - 1) & 1
    )


def main() -> int:
    """Runs the campaign; the exit code is 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs=2, help="content and style")
    parser.add_argument("--model", default="vgg16-onnx")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write the record")
    options = parser.parse_args()
    flags = ["--model", options.model, "--size", str(SIZE), "--coarsest", "96", "--steps", "40"]
    command = [sys.executable, "-m", "nstjax", "stylize", *options.pictures, *flags]
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # `nohup` would have it ignored
    with tempfile.TemporaryDirectory() as name:
        seconds = []
        for _ in range(4):
            begun = time.monotonic()
            subprocess.run([*command, "-o", f"{name}/out.png"], check=True, capture_output=True)
            seconds.append(time.monotonic() - begun)
    seconds = sorted(seconds)[1]  # the first one compiles
    kinds: collections.Counter[str] = collections.Counter()
    faults = []
    for number, trial in enumerate(make_trials(options.count, seconds, options.seed)):
        with tempfile.TemporaryDirectory() as name:
            outcome = run_trial(trial, command, Path(name))
        kinds[outcome.kind] += 1
        if outcome.faults:
            sent = [[round(moment, 3), which.name] for moment, which in trial.sent]
            faults.append({"trial": number, "sent": sent, "faults": outcome.faults})
            print(json.dumps(faults[-1]), flush=True)
    record = {
        "signals": options.count,
        "seed": options.seed,
        "seconds_of_a_run": round(seconds, 2),
        "outcomes": dict(sorted(kinds.items())),
        "faults": faults,
    }
    print(json.dumps(record, indent=1))
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
