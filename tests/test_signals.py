"""SIGINT, SIGTERM and SIGHUP: nothing is lost, nothing is raised, and the exit code tells."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from campaigns.signals import Trial, run_trial
from PIL import Image

from nstjax.cli import main
from nstjax.cli.commands import explain
from weights_tools.__main__ import main as weights_main

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one process")
ROOT = str(Path(__file__).parents[1])
ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

# Commands that are asked to end in different moments of their work. None may end by itself in time.
WORK = {
    "Python": "time.sleep(60)",
    "a callback": "[gone.append(weakref.finalize(Thing(), time.sleep, 60)) for _ in range(1)]",
    "a busy library": "caught.watch(); hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)",
    "a file": "with atomic_files.unfinished(pathlib.Path('.nstjax-x')) as file:\n"
    "        file.write_text('half'); print('ready', flush=True); time.sleep(60)",
    "a child": "with subprocess.Popen(['sleep', '60']) as child, undone_by(\n"
    "        lambda: child.kill() or child.wait(5)): print(child.pid, flush=True); child.wait(60)",
    "a picture": "caught.has_result = True; caught.notice = 'stopping'; caught.watch()\n"
    "    print('ready', flush=True)\n"
    "    while not caught.number: time.sleep(0.01)\n"
    "    pathlib.Path('picture').write_text('whole')\n"
    "    threading.Thread(target=time.sleep, args=[60]).start()",
    "a picture that takes long": "caught.has_result = True; caught.notice = 'stopping'\n"
    "    caught.watch(); print('ready', flush=True)\n"
    "    while not caught.number: time.sleep(0.01)\n"
    "    print('asked', flush=True); time.sleep(60)",
}


def start(work, folder):
    program = f"""if True:
    import hashlib, pathlib, signal, subprocess, sys, threading, time, weakref
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever these tests were started with
    from weights_tools.process import atomic_files
    from weights_tools.process import run_alone, signals, undone_by
    class Thing: pass
    gone = []
    def command():
        caught = signals.current()
        {"" if "print" in work else 'print("ready", flush=True)'}
        {work.replace(chr(10), chr(10) + "    ")}
        return 0
    sys.exit(run_alone(command))
    """
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        text=True,
    )


def read_line(process):
    line = process.stdout.readline()
    time.sleep(0.1)  # until it is busy
    return line


@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("what", ["Python", "a callback", "a busy library", "a file", "a child"])
def test_without_a_picture_the_process_ends_at_once(what, number, tmp_path):
    with start(WORK[what], tmp_path) as process:
        first = read_line(process)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (128 + number, "interrupted: nothing was written\n")
    assert not os.listdir(tmp_path)
    if what == "a child":
        with pytest.raises(ProcessLookupError):
            os.kill(int(first), 0)


@pytest.mark.parametrize("number", ALL)
def test_with_a_picture_it_is_written_and_no_thread_is_waited_for(number, tmp_path):
    with start(WORK["a picture"], tmp_path) as process:
        read_line(process)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (128 + number, "stopping\n")
    assert (tmp_path / "picture").read_text() == "whole"


def test_a_second_signal_ends_at_once(tmp_path):
    with start(WORK["a picture that takes long"], tmp_path) as process:
        read_line(process)
        process.send_signal(signal.SIGTERM)
        read_line(process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (143, "stopping\ninterrupted\n")


def test_who_wants_to_survive_the_terminal_does(tmp_path):
    program = "import signal, weights_tools.process.signals as s\n"
    program += "signal.signal(signal.SIGHUP, signal.SIG_IGN); s.catch_for_good()\n"
    program += "print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize("run", [main, weights_main])
def test_a_callers_process_goes_on(run, number, monkeypatch, capsys):
    before = [signal.getsignal(each) for each in ALL]
    if number != signal.SIGINT and before[ALL.index(number)] == signal.SIG_IGN:
        pytest.skip("the signal is ignored here")

    def interrupted(*_):
        os.kill(os.getpid(), number)
        time.sleep(10)

    monkeypatch.setattr(explain, "run", interrupted)
    monkeypatch.setattr("weights_tools.commands.list_sources", interrupted)
    assert run(["explain" if run is main else "list"]) == 128 + number
    assert "Traceback" not in capsys.readouterr().err
    assert [signal.getsignal(each) for each in ALL] == before


def test_a_command_in_a_scripts_background_can_be_interrupted(monkeypatch):
    """There a shell has SIGINT ignored."""
    monkeypatch.setattr(explain, "run", lambda _: os.kill(os.getpid(), signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert main(["explain"]) == 130
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_callers_own_handlers_stay(monkeypatch):
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(1))
    try:
        monkeypatch.setattr(explain, "run", lambda _: os.kill(os.getpid(), signal.SIGTERM) or 0)
        assert main(["explain"]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [1]


@pytest.mark.parametrize("arguments", [["--version"], ["sweep"], None])
def test_in_a_thread_no_signal_is_caught_and_all_works(arguments, monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["nstjax", "--version"])
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(arguments)))
    thread.start()
    thread.join()
    assert codes == [2 if arguments == ["sweep"] else 0]


@pytest.mark.parametrize("seed", range(5))
def test_signals_at_random_moments(seed, weights_file, tmp_path):
    """The short form of `campaigns.signals`."""
    choose = random.Random(seed)
    Image.fromarray(np.zeros((36, 48, 3), np.uint8)).save(tmp_path / "content.png")
    moment = (0.1, 0.3, 0.9, 1.5, 2.5)[seed] * choose.uniform(0.8, 1.2)
    sent = [(moment, choose.choice([signal.SIGINT, signal.SIGTERM]))]
    if seed == 3:
        sent.append((moment + 0.05, signal.SIGTERM))
    flags = ["--model", str(weights_file), "--size", "32", "--steps", "2000", "--coarse-steps", "0"]
    command = [
        sys.executable,
        "-m",
        "nstjax",
        "stylize",
        *[str(tmp_path / "content.png")] * 2,
        *flags,
    ]
    outcome = run_trial(Trial(tuple(sent), "png", has_old=True), command, tmp_path)
    assert outcome.faults == ()
