"""Disks and memories that are too small: `python -m campaigns.limits` in `tests`.

Files may have at most so many bytes (16 limits x 6 formats), a disk is full (a file system in memory of
its own, where one can be mounted), and the address space is limited. The older picture must be there, or
a whole new one; the exit code tells which.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from campaigns import child
from campaigns.scenes import HERE, QUICK, STYLIZE, is_whole, make_inputs

FORMATS = {  # and flags
    "out.png": (),
    "out.jpg": (),
    "out.tif": (),
    "out.webp": (),
    "out.avif": (),
    "deep.png": ("--bit-depth", "16"),
}
LIMITS = 16
BLOCK = 1024  # bytes
PROBE = 4096  # bytes that are written beforehand to see whether there is room
GIBS = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8)
OLDER = b"an older file"


def command(name: str) -> list[str]:
    """What writes a picture of noise."""
    size = ["--size", "64"]  # larger than the probe in every format
    return [*STYLIZE, *size, "-o", name, *FORMATS[name]]


def judge(name: str, code: int, fits: bool | None) -> list[str]:
    """What is wrong with the older or new file, the exit code and the words."""
    said = child.LOG.read_text()
    is_older = Path(name).read_bytes() == OLDER
    wrong = [] if is_older or is_whole(name, code) else [f"{name} is damaged"]
    if is_older != (code != 0):
        wrong.append(f"exit code {code} with {'the older' if is_older else 'a new'} file")
    if fits is not None and code != (0 if fits else 2):
        wrong.append(f"exit code {code} where it {'fits' if fits else 'does not fit'}")
    if code == 2 and not (said.startswith("error: ") and said.count("\n") == 1):
        wrong.append(f"said {said!r}")
    wrong += [f"{path} is left" for path in Path(name).parent.glob(".nstjax-*")]
    return wrong


def size_of(name: str) -> int:
    """Bytes of the whole picture."""
    assert child.finish(child.start(command(name), paints=False)) == 0, child.LOG.read_text()
    return Path(name).stat().st_size


def limited(count: int) -> Iterator[tuple[str, int, list[str]]]:
    """Each format with files of at most so many bytes, from one block to enough."""
    for name in FORMATS:
        size = size_of(name)
        last = -(-size // BLOCK)
        for step in range(count):
            limit = BLOCK * round(1 + (last - 1) * step / max(1, count - 1))
            Path(name).write_bytes(OLDER)

            def prepare(limit: int = limit) -> None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

            code = child.finish(child.start(command(name), prepare, paints=False))
            yield name, limit, judge(name, code, limit >= max(size, PROBE))


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """A disk of so many bytes; `OSError` where none can be mounted."""
    folder = Path("disk")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def full(count: int) -> Iterator[tuple[str, int, list[str]]]:
    """Each format on a disk that has too little room, or enough."""
    page = resource.getpagesize()
    for name in FORMATS:
        pages = -(-size_of(name) // page) + 1  # one for the older file
        for step in range(count):
            room = page * round(2 + (pages - 2) * step / max(1, count - 1))
            with small_disk(room) as disk:
                (disk / name).write_bytes(OLDER)
                where = command(name)
                where[where.index(name)] = str(disk / name)
                code = child.finish(child.start(where, paints=False))
                yield name, room, judge(str(disk / name), code, room == page * pages)


def short_of_memory() -> Iterator[tuple[float, int, str, list[str]]]:
    """A real run in so many GiB: exit code, the last line, and what is wrong."""
    flags = [*QUICK, "--size", "96", *HERE, "-o", "out.png"]
    real = [sys.executable, "-m", "nstjax", "stylize", "content.jpg", "style.png", *flags]
    for gib in GIBS:
        Path("out.png").write_bytes(OLDER)
        most = int(gib * 2**30)
        with open(child.LOG, "wb") as log:
            code = subprocess.run(
                ["bash", "-c", f'ulimit -v {most // 1024}; exec "$@"', "bash", *real],
                stdout=log,
                stderr=log,
                check=False,
            ).returncode
        is_older = Path("out.png").read_bytes() == OLDER
        said = child.LOG.read_text(errors="replace")
        wrong = [] if is_older or is_whole("out.png", code) else ["out.png is damaged"]
        if is_older != (code != 0):
            wrong.append(f"exit code {code} with {'the older' if is_older else 'a new'} file")
        if "MemoryError" in said:
            wrong.append(f"said {said[-500:]!r}")
        yield gib, code, said.strip().splitlines()[-1][:200] if said.strip() else "", wrong


def main() -> int:
    """Runs the campaign; the exit code is 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the record")
    options = parser.parse_args()
    record = options.json and options.json.absolute()
    found: dict = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make_inputs()
        found["limits of files"] = _summary(limited(LIMITS))
        try:
            found["full disks"] = _summary(full(6))
        except OSError as error:
            found["full disks"] = f"skipped: {error}"
        memory = list(short_of_memory())
        found["GiB of memory"] = {gib: [code, said] for gib, code, said, _ in memory}
        found["wrong with memory"] = [each for each in memory if each[-1]]
        os.chdir("/")
    print(json.dumps(found, indent=1))
    if record:
        record.write_text(json.dumps(found, indent=1) + "\n")
    return any(isinstance(each, dict) and each.get("wrong") for each in found.values())


def _summary(runs: Iterator[tuple[str, int, list[str]]]) -> dict:
    done = list(runs)
    return {"runs": len(done), "wrong": [each for each in done if each[-1]]}


if __name__ == "__main__":
    raise SystemExit(main())
