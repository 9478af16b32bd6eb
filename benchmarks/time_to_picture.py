"""How long does the whole command take, from its start to the file on disk?

`nstjax stylize` in a process of its own, with an empty compilation cache and again with the cache that
this filled. There is no PyTorch side: what a program does around its steps is its author's choice.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.context import Context
from benchmarks.report import Table, number, with_range
from benchmarks.timing import alternate, seconds, spread

CPU_SIZES = (512,)  # 1024 px takes six minutes on two cores
ACCELERATOR_SIZES = (512, 1024)
ROUNDS = 3  # but one of pictures on a CPU, where each takes minutes
PREALLOCATE = "XLA_PYTHON_CLIENT_PREALLOCATE"
NSTJAX = [sys.executable, "-m", "nstjax"]
STARTS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "nstjax --help": [*NSTJAX, "--help"],
    "nstjax stylize --help": [*NSTJAX, "stylize", "--help"],
    "import nstjax.transfer": [sys.executable, "-c", "import nstjax.transfer"],
}


def cases(context: Context) -> list[dict]:
    """The starts, then the sizes."""
    sizes = context.pick_sizes(CPU_SIZES, ACCELERATOR_SIZES)
    return [{"starts": list(STARTS)}, *({"size": size} for size in sizes)]


def measure(context: Context, case: dict) -> dict:
    """The seconds of each command, a number a repeat."""
    if "size" in case:
        return {"seconds": _measure_picture(context, case["size"])}
    runs = {name: lambda command=STARTS[name]: _run(command) for name in case["starts"]}
    for run in runs.values():
        run()  # Python writes its byte code
    return {"seconds": alternate(runs, context.rounds(ROUNDS), context.deadline)}


def _measure_picture(context: Context, size: int) -> dict[str, list[float]]:
    """Each with a fresh cache for the cold one."""
    found: dict[str, list[float]] = {"cold": [], "warm": []}
    for _ in range(context.rounds(1 if context.on_cpu else ROUNDS)):
        with tempfile.TemporaryDirectory() as folder:
            for values in found.values():
                values.append(seconds(lambda folder=folder: _stylize(context, size, Path(folder))))
    return found


def _stylize(context: Context, size: int, folder: Path) -> None:
    """One picture, with the compilation cache in a folder."""
    picture = folder / "picture.png"
    command = [*NSTJAX, "stylize", str(context.content_file), str(context.style_file)]
    command += ["-o", str(picture), "--size", str(size), "--quiet"]
    command += ["--model", str(context.weights_file)]
    _run(command, {"NSTJAX_CACHE": str(folder), "JAX_ENABLE_COMPILATION_CACHE": "true"})


def _run(command: list[str], variables: dict[str, str] | None = None) -> None:
    """Raises `RuntimeError` with the command's last line where it fails."""
    environment = {**os.environ, **(variables or {})}
    environment.pop(PREALLOCATE, None)  # ours, for PyTorch's sake; no user has it
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(lines[-1])


def tables(rows: list[dict]) -> list[Table]:
    """Pictures, and starts."""
    return [
        Table(
            "Seconds of a picture (lowest, highest).",
            [
                {
                    "px": str(row["case"]["size"]),
                    **{
                        f"{name} cache": with_range(spread(values))
                        for name, values in row["result"]["seconds"].items()
                    },
                }
                for row in rows
                if "size" in row["case"]
            ],
        ),
        Table(
            "Seconds of a start.",
            [
                {"what": name, "s": number(spread(values).median)}
                for row in rows
                if "starts" in row["case"]
                for name, values in row["result"]["seconds"].items()
            ],
        ),
    ]
