"""Every call that changes a file fails in turn: `python -m campaigns.faults` in `tests`.

The commands of `scenes` run over older files, in this process. With call number n failing (ENOSPC,
EIO or EACCES, once or from then on), every file must be the older one or a whole new one, nothing else
may be left, and the exit code must be 0 only if everything was written, else 2 with one line.
"""

import argparse
import collections
import errno
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import jax
from campaigns import child
from campaigns.disk import ERRORS, Disk
from campaigns.scenes import SCENES, is_whole, make_inputs, make_older, older, run, without_painting


def faults_of(name: str, number: int, error: int, *, for_good: bool) -> tuple[Disk, list[str]]:
    """Runs a scene in the working folder with one call failing; the disk, and what went wrong."""
    scene = SCENES[name]
    for leftover in Path().rglob(".nstjax-*"):
        leftover.unlink()
    make_older(scene)
    before = {str(path) for path in Path().rglob("*")}
    disk = Disk(number, error, for_good=for_good)
    with disk.mounted():
        code, text = run(scene.command)
    wrong = [*_faults_of_files(scene.outputs, code), *_faults_of_words(code, text)]
    # What cannot be deleted stays.
    if disk.has_failed and not for_good and disk.failed_call != "unlink":
        left = {str(path) for path in Path().rglob("*")} - before
        wrong += [f"{path} is left behind" for path in sorted(left)]
    return disk, wrong


def _faults_of_files(outputs: Iterable[str], code: int) -> Iterator[str]:
    for output in outputs:
        if not os.path.lexists(output):
            yield f"{output} is lost"
        elif Path(output).read_bytes() == older(output):
            if code == 0:
                yield f"{output} is the older file, with exit code 0"
        elif not is_whole(output, code):
            yield f"{output} is damaged"


def _faults_of_words(code: int, text: str) -> Iterator[str]:
    if code not in (0, 2):
        yield f"exit code {code}"
    if (code == 2) != text.startswith("error: ") or text.count("\n") > 1:
        yield f"exit code {code} with {text!r}"


def campaign(numbers: Iterable[int], errors: Iterable[int], for_good: Iterable[bool]) -> Iterator:
    """Each failing call of each scene: scene, call, number, error's name, and what went wrong."""
    make_inputs()
    numbers, errors, for_good = list(numbers), list(errors), list(for_good)
    with without_painting():
        for name in SCENES:
            run_of_none, wrong = faults_of(name, 10**9, errno.EIO, for_good=False)
            yield name, "none", -1, "", wrong
            for number in numbers:
                if number >= len(run_of_none.calls):
                    break
                for error in errors:
                    for forever in for_good:
                        disk, wrong = faults_of(name, number, error, for_good=forever)
                        call = disk.failed_call if disk.has_failed else "none"
                        yield name, call, number, errno.errorcode[error], wrong


def programs(numbers: Iterable[int]) -> Iterator:
    """The disk is full from some call on while compiled programs are kept, then has room again.

    A number, both exit codes, and what went wrong: the second run must say nothing of what it finds.
    """
    make_inputs()
    scene = SCENES["16 bits"]
    for number in numbers:
        os.environ["NSTJAX_CACHE"] = str(Path(f"cache{number}").absolute())
        make_older(scene)

        mounts = []  # they would end with the last reference to them

        def keep_programs_on(disk: Disk, mounts: list = mounts) -> None:
            jax.config.update("jax_enable_compilation_cache", True)
            mounts.append(disk.mounted())
            mounts[-1].__enter__()

        codes, wrong = [], []
        for first_failure in (number, 10**9):
            disk = Disk(first_failure, errno.ENOSPC, for_good=True)
            process = child.start(
                scene.command, lambda disk=disk: keep_programs_on(disk), paints=True
            )
            codes.append(child.finish(process))
            said = child.LOG.read_text()
            wrong += [
                *_faults_of_files(scene.outputs, codes[-1]),
                *_faults_of_words(codes[-1], said),
            ]
        if codes[-1] != 0:
            wrong.append(f"exit code {codes[-1]} though there is room")
        yield number, codes, wrong


def main() -> int:
    """Runs the whole campaign, and writes what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the record")
    options = parser.parse_args()
    counts = collections.Counter()
    record = options.json and options.json.absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        # First: who has painted cannot be forked.
        kept = list(programs(range(0, 120, 6)))
        found = [["programs", *each] for each in kept if each[-1]]
        for name, call, number, error, wrong in campaign(range(10**6), ERRORS, (False, True)):
            counts[name, call] += 1
            if wrong:
                found.append([name, call, number, error, wrong])
                print(*found[-1], flush=True)
        os.chdir("/")
    summary = {
        "runs": sum(counts.values()),
        "runs with programs": len(kept),
        "of which with exit code 0 on a full disk": sum(codes[0] == 0 for _, codes, _ in kept),
        "by scene and failing call": {f"{name}: {call}": n for (name, call), n in counts.items()},
        "wrong": found,
    }
    print(json.dumps(summary, indent=1))
    if record:
        record.write_text(json.dumps(summary, indent=1) + "\n")
    return bool(found)


if __name__ == "__main__":
    raise SystemExit(main())
