"""Files that appear whole or not at all, whatever the disk does."""

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from weights_tools import files as weights_files
from weights_tools.process import atomic_files, undo_all

NEW = b"new" * 1000


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def test_a_file_is_replaced_and_nothing_is_left(old):
    atomic_files.write(old, NEW)
    assert old.read_bytes() == NEW
    atomic_files.write(old.with_name("another"), b"")
    assert sorted(os.listdir(old.parent)) == ["another", "file"]


class Disk:
    """A file as the system gives it, on a disk that fails."""

    def __init__(self, file, fault):
        self._file, self._fault = file, fault

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def fileno(self):
        return self._file.fileno()

    def write(self, data):
        if self._fault == "short":
            return self._file.write(data[: max(1, len(data) // 2)])
        if self._fault == "changed":
            return self._file.write(bytes(len(data)))
        if self._fault == "cut":
            self._file.write(data[:1])
            return len(data)
        if self._fault == "nothing":
            return 0
        raise OSError(self._fault, os.strerror(self._fault))


def fail_with(monkeypatch, fault):
    """Put every file that is made on such a disk."""

    def opened(path, mode, **options):
        file = open(path, mode, **options)  # noqa: SIM115
        return Disk(file, fault) if "x" in mode else file

    monkeypatch.setattr(atomic_files, "open", opened, raising=False)


@pytest.mark.parametrize(
    "fault", ["changed", "cut", "nothing", errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG]
)
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_else(old, monkeypatch, fault):
    fail_with(monkeypatch, fault)
    for act in (lambda: atomic_files.write(old, NEW), lambda: atomic_files.check(old)):
        with pytest.raises(OSError, match=r"\[Errno [0-9]+\] [a-zA-Z/ ]+$"):
            act()
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == ["file"]


def test_a_disk_that_takes_a_part_at_a_time_gets_all(old, monkeypatch):
    fail_with(monkeypatch, "short")
    atomic_files.write(old, NEW)
    assert old.read_bytes() == NEW


@pytest.mark.parametrize(("code", "fails"), [(errno.EIO, True), (errno.EINVAL, False)])
def test_only_a_disk_that_knows_no_syncing_may_do_without(old, monkeypatch, code, fails):
    def fail(number):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    if fails:
        with pytest.raises(OSError, match="Input/output"):
            atomic_files.write(old, NEW)
    else:
        atomic_files.write(old, NEW)
    assert old.read_bytes() == (b"old" if fails else NEW)
    assert os.listdir(old.parent) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_stay(old, mode):
    old.chmod(mode)
    atomic_files.write(old, NEW)
    assert stat.S_IMODE(old.stat().st_mode) == mode


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_what_a_link_leads_to_is_replaced_and_the_link_stays(old, tmp_path):
    (tmp_path / "below").mkdir()
    first, second, dangling = (tmp_path / "below" / name for name in ("first", "second", "new"))
    second.symlink_to("../file")
    first.symlink_to(second)
    dangling.symlink_to("../made")
    for link, target in ((first, old), (dangling, tmp_path / "made")):
        atomic_files.check(link)
        atomic_files.write(link, NEW)
        assert link.is_symlink()
        assert target.read_bytes() == NEW
        assert not target.is_symlink()
    assert sorted(os.listdir(tmp_path / "below")) == ["first", "new", "second"]


def circle(folder):
    (folder / "x").symlink_to(folder / "y")
    (folder / "y").symlink_to(folder / "x")


def nowhere(folder):
    (folder / "x").symlink_to(folder / "missing" / "x")


def behind_a_file(folder):
    (folder / "file").touch()
    (folder / "x").symlink_to(folder / "file" / "x")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (circle, "Too many levels|[Ss]ymbolic"),
        (nowhere, "No such file or directory in .*missing; choose another folder"),
        (behind_a_file, "Not a directory in .*file; choose another folder"),
        (lambda folder: os.mkfifo(folder / "x"), "it is not a regular file but a pipe"),
        (lambda folder: (folder / "x").symlink_to("/dev/null"), "but a device"),
        (lambda folder: (folder / "x").mkdir(), "it is a folder"),
        (lambda folder: (folder / "x").symlink_to("."), "it is a folder"),
    ],
)
@pytest.mark.parametrize("act", [atomic_files.check, lambda path: atomic_files.write(path, NEW)])
def test_what_is_no_file_is_refused(tmp_path, make, message, act):
    make(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match=message):
        act(tmp_path / "x")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no such names of open files here")
def test_an_open_file_without_a_name_is_refused(tmp_path):
    with open(tmp_path / "x", "wb") as file:
        os.unlink(tmp_path / "x")
        with pytest.raises(OSError, match="without a name"):
            atomic_files.check(f"/proc/self/fd/{file.fileno()}")
    assert not os.listdir(tmp_path)


def test_what_killed_writers_left_goes_after_a_day_and_nothing_else(old):
    folder, name = old.parent, f".nstjax-{'0a' * 16}"
    kept = [
        f".nstjax-{'0b' * 16}",
        f"{name}0",
        f".nstjax-{'0G' * 16}",
        f"x{name}",
        ".nstjax-",
        "day",
    ]
    for each in (name, *kept):
        (folder / each).touch()
        if each != kept[0]:
            os.utime(folder / each, (time.time() - 86_500,) * 2)
    (folder / f".nstjax-{'0c' * 16}").mkdir()
    os.utime(folder / f".nstjax-{'0c' * 16}", (time.time() - 86_500,) * 2)
    before = set(os.listdir(folder))
    atomic_files.check(old)
    assert set(os.listdir(folder)) == before - {name}


WHOLE = f".nstjax-{'0a' * 16}-whole"


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="no files without a name here")
def test_whole_files_of_dead_writers_go_at_once_and_those_of_living_ones_stay(old, monkeypatch):
    (old.parent / WHOLE).touch()
    seen, replace = [], os.replace

    def replaced(temporary, target):
        atomic_files.check(target)  # by another writer, meanwhile
        seen.extend(os.listdir(old.parent))
        replace(temporary, target)

    monkeypatch.setattr(os, "replace", replaced)
    atomic_files.write(old, NEW)
    assert len(seen) == 2
    assert WHOLE not in seen
    assert old.read_bytes() == NEW


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="no files without a name here")
def test_a_writer_that_is_killed_while_it_writes_leaves_nothing(old):
    code = (
        "import os, signal, sys; from weights_tools.process import atomic_files\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic_files.write(sys.argv[1], b'new' * 1000)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(old)], check=False)
    assert run.returncode == -9
    assert os.listdir(old.parent) == ["file"]
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize("way", ["none without names", "no names later"])
def test_where_files_must_have_names_they_have_them(old, monkeypatch, way):
    if way == "none without names":
        monkeypatch.setattr(atomic_files, "_NAMELESS", 0)
    else:
        monkeypatch.setattr(atomic_files, "_is_named", lambda *_: False)
    atomic_files.write(old, NEW)
    atomic_files.check(old)
    assert old.read_bytes() == NEW
    assert os.listdir(old.parent) == ["file"]


def test_weights_sweep_the_same_leftovers(tmp_path):
    leftover = tmp_path / f".nstjax-{'0a' * 16}"
    leftover.touch()
    os.utime(leftover, (time.time() - 86_500,) * 2)
    weights_files.sweep(tmp_path)
    assert not os.listdir(tmp_path)


def test_unfinished_files_can_be_discarded_in_the_middle(old, monkeypatch):
    seen = []

    def ended(temporary, target):
        seen.extend(os.listdir(old.parent))
        undo_all()
        assert os.listdir(old.parent) == ["file"]
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", ended)
    with pytest.raises(KeyboardInterrupt):
        atomic_files.write(old, NEW)
    assert len(seen) == 2
    assert old.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
@pytest.mark.parametrize("limit", [0, 1, 2999])
def test_a_limit_of_the_size_of_files_is_told(old, limit):
    code = (
        "import resource, sys; from weights_tools.process import atomic_files\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try: atomic_files.write(sys.argv[1], b'new' * 1000)\n"
        "except OSError as error: print(error.strerror)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, old], capture_output=True, text=True, check=True
    )
    assert done.stdout == "File too large\n"
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == ["file"]
