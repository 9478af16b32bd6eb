"""Servers in turn: a file that is verified, continued and deleted, whatever they do."""

import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from reference.downloads import CONTENT, DIGEST, content_of, refused, source_at
from safetensors.numpy import load, save

from weights_tools import WeightsError
from weights_tools.download import transport
from weights_tools.download.obtain import obtained

pytestmark = pytest.mark.usefixtures("undisturbed")


def test_a_download_is_there_until_the_block_ends(server, folder):
    source = source_at(f"{server.address}/whole/x")
    with obtained(source, folder) as found:
        assert found.path.read_bytes() == CONTENT
        assert found.path.parent == folder
    assert not os.listdir(folder)


def test_a_block_that_fails_keeps_the_download(server, folder):
    source = source_at(f"{server.address}/whole/x")
    with pytest.raises(ZeroDivisionError), obtained(source, folder):
        raise ZeroDivisionError
    assert content_of(source, folder) == CONTENT
    assert len(server.requests) == 1


def test_a_terminal_sees_a_bar_that_is_removed_after(server, folder, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    source = source_at(f"{server.address}/cut/x")
    content_of(source, folder)
    shown = capsys.readouterr()
    assert "vgg16" in shown.err
    assert not shown.out
    with obtained(source, folder, progress=False):
        pass
    assert not capsys.readouterr().err


def test_mirrors_are_asked_in_turn(server, folder):
    urls = [f"{server.address}/{each}/x" for each in ("404", "page", "stall", "wrong", "whole")]
    assert content_of(source_at(*urls, f"{server.address}/500/x"), folder) == CONTENT
    asked = [each.path.split("/")[1] for each in server.requests]
    assert asked == ["404", "page", "stall", "wrong", "whole"]


def test_every_failure_is_told(server, folder):
    urls = [f"{server.address}/{each}/x" for each in ("404", "wrong")]
    message = refused(source_at(*urls, "http://127.0.0.1:9/x"), folder, "127.0.0.1: the server")
    first, second, third = message.split("; ")
    assert first == "127.0.0.1: the server answered 404 Not Found"
    assert f"came with sha256 {hashlib.sha256(CONTENT[::-1]).hexdigest()} and" in second
    assert f"{len(CONTENT)} bytes, expected {DIGEST[7:]} and {len(CONTENT)}" in second
    assert third == "127.0.0.1: no connection to the server"


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_wrong_file_is_deleted_so_that_the_next_try_starts_over(server, folder, size):
    refused(source_at(f"{server.address}/wrong/x", size=size), folder, "changed it")
    assert not os.listdir(folder)
    refused(source_at(f"{server.address}/page/x", size=size), folder, "page|36 bytes")
    assert not os.listdir(folder)


def test_a_file_that_was_begun_wrongly_is_begun_again(server, folder, monkeypatch):
    source = source_at(f"{server.address}/stall/x")
    refused(source, folder, "silent|less than 2000")
    part = folder / "weights.h5.part"
    part.write_bytes(bytes(part.stat().st_size))
    source = dataclasses.replace(source, urls=(f"{server.address}/whole/x",))
    assert content_of(source, folder) == CONTENT
    refused(source_at(f"{server.address}/stall/x"), folder, "silent|less than 2000")
    part.write_bytes(bytes(part.stat().st_size))
    # The same address goes on, the hash shows what it went on from, and the next try is right.
    monkeypatch.setattr(server.RequestHandlerClass, "stall", server.RequestHandlerClass.whole)
    refused(source_at(f"{server.address}/stall/x"), folder, "came with sha256")
    assert server.ranges[-1]
    assert content_of(source_at(f"{server.address}/stall/x"), folder) == CONTENT


def test_a_shortened_hash_is_enough_over_https(server, folder, monkeypatch):
    url = f"{server.address}/whole/x"
    short = source_at(url, digest=DIGEST[: 7 + 8])
    other = source_at(url, digest="sha256:00000000", other_digests=(DIGEST,), size=None)
    for source in (short, other):
        refused(source, folder, "only the beginning of its hash is known")
    assert not server.requests
    monkeypatch.setattr(transport, "SECURE_SCHEMES", ("http",))
    for source in (short, other):
        assert content_of(source, folder) == CONTENT


def test_a_file_put_there_by_hand_that_is_another_is_told(folder, monkeypatch):
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    source = source_at("https://nowhere.invalid/x")
    (folder / source.file_name).write_bytes(b"junk!")
    with pytest.raises(WeightsError, match="network was not asked") as caught:
        content_of(source, folder)
    assert f"{folder / source.file_name} has 5 bytes and is not that file" in str(caught.value)
    assert f"which has {len(CONTENT)} bytes and {DIGEST}" in str(caught.value)
    assert (folder / source.file_name).read_bytes() == b"junk!"


def test_a_safetensors_file_is_fetched_in_parts(server, folder, monkeypatch):
    kernel = np.ones((64, 3, 3, 3), np.float32)
    server.content = save({"features.0.weight": kernel, "head.weight": np.ones((999, 99))})
    digest = hashlib.sha256(server.content).hexdigest()
    server.linked = f'"{digest}"'
    known = {"file_name": "x.safetensors", "digest": f"sha256:{digest}", "size": None}
    source = source_at(f"{server.address}/moved/x", **known)
    # Not over http: the whole file then.
    assert content_of(source, folder) == server.content
    monkeypatch.setattr(transport, "SECURE_SCHEMES", ("http",))
    with obtained(source, folder) as found:
        assert list(load(found.path.read_bytes())) == ["features.0.weight"]
        assert found.path.stat().st_size < 10_000
    assert not os.listdir(folder)
    # Nor from a server that cannot do it.
    source = source_at(f"{server.address}/plain/x", **known)
    assert content_of(source, folder) == server.content


def test_threads_at_once_write_different_files(server, folder):
    server.barrier = threading.Barrier(3)
    source = source_at(f"{server.address}/together/x")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(content_of(source, folder))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [CONTENT] * 3
    assert not os.listdir(folder)


def test_processes_at_once_write_different_files(server, folder):
    server.barrier = threading.Barrier(2)
    program = f"""
import dataclasses, pathlib
from weights_tools.download import obtained
from weights_tools.sources import SOURCES
source = dataclasses.replace(
    SOURCES["vgg16"], urls=("{server.address}/together/x",), size={len(CONTENT)},
    digest="{DIGEST}", file_name="weights.h5",
)
with obtained(source, pathlib.Path({str(folder)!r})) as found:
    print(found.path.name)
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    names = {process.communicate(timeout=20)[0].strip() for process in processes}
    assert len(names) == 2
    assert "weights.h5.part" in names
    assert not os.listdir(folder)


def test_a_killed_process_leaves_a_part_that_is_continued(server, folder, monkeypatch):
    program = f"""
import dataclasses, pathlib, sys
from weights_tools.download import obtained
from weights_tools.sources import SOURCES
source = dataclasses.replace(
    SOURCES["vgg16"], urls=("{server.address}/stall/x",), size={len(CONTENT)},
    digest="{DIGEST}", file_name="weights.h5",
)
with obtained(source, pathlib.Path({str(folder)!r})) as found:
    pass
"""
    part = folder / "weights.h5.part"
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        until = time.monotonic() + 10
        while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
    have = part.stat().st_size
    assert 0 < have < len(CONTENT)
    monkeypatch.setattr(server.RequestHandlerClass, "stall", server.RequestHandlerClass.whole)
    # The system has freed the lock, although its file is still there.
    assert (folder / "weights.h5.lock").exists()
    assert content_of(source_at(f"{server.address}/stall/x"), folder) == CONTENT
    assert server.ranges == [None, f"bytes={have}-"]
    assert not os.listdir(folder)


def test_no_place_to_write(server, tmp_path):
    source = source_at(f"{server.address}/whole/x")
    with pytest.raises(FileNotFoundError), obtained(source, tmp_path / "nowhere"):
        pass
