"""Coverage-guided fuzzing of one reader; see README.md beside this file.

    python tests/fuzz/readers.py numpy_file -runs=200000 corpus tests/fuzz/seeds/numpy_file

Whatever a file holds, reading it must end in a network or in a `WeightsError` of one line: not in
another exception, a crash, a hang, more than `MEMORY` bytes beyond what the libraries themselves
take, or the start of a program.
"""

import contextlib
import io
import os
import random
import resource
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["weights_tools"]):
    from weights_tools import files, layout
    from weights_tools.assembly import assemble
    from weights_tools.errors import WeightsError
    from weights_tools.readers import FORMATS, wire

    # Readers are loaded when they are needed, which would be too late to follow what they do.
    TARGETS = {each.module: each.reader for each in FORMATS}

MEMORY = 2 << 30
# What code that hides in a file would do; reading does none of it.
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.", "socket.")
# Readers report any exception as damage, for a hostile file may have anything anywhere; these would
# be our mistakes, or the memory that ran out.
MISTAKES = (MemoryError, RecursionError, NameError, AssertionError)


def main() -> None:
    """Fuzz the reader that is named first on the command line."""
    name = sys.argv.pop(1)
    read = layout.read if name == "layout" else _reading(TARGETS[name])
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
    path = Path(tempfile.mkdtemp(prefix="fuzz-", dir=folder)) / "file"
    warnings.simplefilter("ignore")
    # Loads the libraries, which may start programs to look at the machine.
    for seed in sorted((Path(__file__).parent / "seeds" / name).iterdir()):
        _try(read, path, seed.read_bytes())
    _limit_memory()
    sys.addaudithook(_forbid)
    files.reason = _reason
    wire.MAX_FIELDS = 300  # or most of the time would go to files of a hundred thousand
    atheris.Setup(sys.argv, lambda data: _try(read, path, data), custom_mutator=_mutated)
    atheris.Fuzz()


def _reading(reader):
    def read(path: Path) -> None:
        with reader(path) as checkpoint:
            assemble(checkpoint)

    return read


def _try(read, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        read(path)
    except WeightsError as error:
        _check(error, path)


def _check(error: WeightsError, path: Path) -> None:
    text = str(error)
    assert "\n" not in text, text
    # Before what is wrong with the network, not with its file, `load` puts the path.
    assert text.startswith(str(path)) or not error.names_file, text
    assert len(text) < 3000, len(text)


def _reason(error: BaseException, reason=files.reason) -> str:
    if isinstance(error, MISTAKES):
        raise error
    return reason(error)


def _mutated(data: bytes, longest: int, seed: int) -> bytes:
    """Return a mutation; of a zip file, mostly one inside it, which its checksums would hide."""
    generator = random.Random(seed)
    if data.startswith(b"PK") and generator.random() < 0.7:
        with contextlib.suppress(Exception):
            return _mutated_inside(data, longest, generator)
    return atheris.Mutate(data, longest)


def _mutated_inside(data: bytes, longest: int, generator: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {each: archive.read(each) for each in archive.infolist()}
    chosen = generator.choice(list(members))
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as archive:
        for member, content in members.items():
            if member is chosen:
                content = atheris.Mutate(content, max(1, longest - len(data) + len(content)))
            archive.writestr(member.filename, content, member.compress_type)
    return result.getvalue()


def _limit_memory() -> None:
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


def _forbid(event: str, _arguments: tuple) -> None:
    if event.startswith(FORBIDDEN):
        os.write(2, f"fuzzing: the reader did {event}\n".encode())
        os._exit(99)


if __name__ == "__main__":
    main()
