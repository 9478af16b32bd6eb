"""`nstjax serve` from its flags to its end."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys

import pytest
import requests

from nstjax.cli import main
from nstjax.cli.parsing.serve_arguments import ServeArguments

has_gradio = pytest.mark.skipif(
    importlib.util.find_spec("gradio") is None, reason="the page's libraries are not installed"
)


def served(weights_file, *flags, **environment):
    command = [sys.executable, "-m", "nstjax", "serve", "--port", "0", "--device", "cpu"]
    return subprocess.Popen(
        [*command, "--model", str(weights_file), *flags],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["--port", "70000"], "port is 70000"),
        (["--largest", "8"], "largest is 8"),
        (["--largest", "1000000"], "largest is 1000000"),
        (["photo.jpg"], "photo.jpg"),
    ],
)
def test_flags_that_cannot_work_are_told(capsys, flags, why):
    assert main(["serve", *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert why in said


def test_without_its_libraries_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert main(["serve"]) == 2
    assert 'pip install ".[web]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_only_a_loopback_is_local(host, is_local):
    assert ServeArguments(host=host).is_local is is_local


@has_gradio
def test_for_others_a_password_is_demanded(weights_file):
    """In a process of its own: Gradio's import leaves warnings behind."""
    with served(weights_file, "--host", "0.0.0.0", NSTJAX_PASSWORD="") as server:
        said = server.stderr.read()
    assert server.returncode == 2
    assert said.count("\n") == 1
    assert "set NSTJAX_PASSWORD" in said


@has_gradio
def test_a_port_that_is_taken_is_told(weights_file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with served(weights_file, "--port", port) as server:
            said = server.stderr.read()
    assert server.returncode == 2
    assert said.startswith("error: ")
    assert f"port {port} cannot be had" in said


@has_gradio
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_is_left(weights_file, tmp_path, number):
    with served(weights_file, TMPDIR=str(tmp_path), NSTJAX_PASSWORD="sesam") as server:
        told = next(line for line in server.stderr if "the page is at " in line)
        url = told.split("the page is at ")[1].split()[0]
        assert list(tmp_path.glob("nstjax-*"))
        assert requests.get(url, timeout=30).status_code == 401
        assert requests.get(url, auth=("", "sesam"), timeout=30).status_code == 200
        server.send_signal(number)
        rest = server.stderr.read()
    assert server.returncode == 128 + number
    assert "Traceback" not in rest
    assert not list(tmp_path.glob("nstjax-*"))
