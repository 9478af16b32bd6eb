"""What standard output and standard error are connected to costs neither a picture nor a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nstjax.cli import main
from weights_tools.process import OutputError, streams

ROOT = str(Path(__file__).parents[1])
needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="no device that is full here"
)
needs_shell = pytest.mark.skipif(os.name == "nt", reason="no such shell on Windows")

# A command that speaks on standard error as long as a picture takes, and then makes a file.
PAINTING = """
import pathlib, sys
from weights_tools.process import run_alone

def command():
    import rich.console, rich.progress

    console = rich.console.Console(stderr=True)
    with rich.progress.Progress(console=console):
        for _ in range(100):
            console.print("x" * 1000)
        pathlib.Path("out").write_text("a picture")
    print("done", file=sys.stderr)
    return 0

sys.exit(run_alone(command))
"""


def shell(command, folder):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} {command}"],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        text=True,
        check=False,
    )


@needs_shell
@pytest.mark.parametrize(
    "redirection",
    [
        "2>&1 | head -c1 >/dev/null",
        pytest.param("2>/dev/full", marks=needs_full),
        "2>&-",
        ">&-",
        "<&- >&- 2>&-",
        "2> >(exit)",
    ],
)
def test_the_picture_is_made_whoever_listens(redirection, tmp_path):
    (tmp_path / "painting.py").write_text(PAINTING)
    done = shell(f"painting.py {redirection}", tmp_path)
    assert done.returncode == 0, done.stderr
    # Nothing that is said has found its way into the picture, as the next file that is opened.
    assert (tmp_path / "out").read_text() == "a picture"
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr


@needs_shell
@pytest.mark.parametrize(
    "command", ["nstjax --help", "nstjax stylize --help", "weights_tools list"]
)
@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        ("| true", 0, ""),
        ("| head -c1 >/dev/null", 0, ""),
        (">&-", 2, "error: the output cannot be written: standard output is closed\n"),
        pytest.param(
            ">/dev/full",
            2,
            "error: the output cannot be written: No space left on device\n",
            marks=needs_full,
        ),
    ],
)
def test_what_is_printed_arrives_or_is_missed(command, redirection, code, said, tmp_path):
    done = shell(f"-m {command} {redirection}", tmp_path)
    assert (done.returncode, done.stderr) == (code, said)


@needs_shell
@pytest.mark.parametrize("columns", ["1", "5", "39", "0", "abc"])
def test_help_ends_in_any_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit, match="0"):
        main(["reconstruct", "--help"])
    assert "--content-layers" in capsys.readouterr().out
    assert os.environ["COLUMNS"] == columns


def test_no_character_is_too_much_for_a_stream():
    program = """if True:
        import sys
        from weights_tools.process import run_alone

        def command():
            print("\\u202f\\udc80")
            print("\\u202f", file=sys.stderr)
            return 0

        sys.exit(run_alone(command))
    """
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [rb"\u202f\udc80"]
    assert done.stderr.split() == [rb"\u202f"]


def test_messages_are_dropped_and_output_is_not(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        output = streams._Output(file.fileno(), "w", closefd=False)
        messages = streams._Messages(file.fileno(), "w", closefd=False)
    # The descriptor is closed by now: every write fails.
    assert [messages.write(b"12345"), messages.write(b"1")] == [5, 1]
    with pytest.raises(OutputError):
        output.write(b"12345")
    output.is_dropped = True
    assert output.write(b"12345") == 5


def test_a_callers_stream_that_closes_is_no_error(monkeypatch):
    class Closed:
        def write(self, _):
            raise BrokenPipeError

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["--help"]) == 0
