"""safetensors by ranges: exactly the bytes that are needed, and no lie is believed."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from reference.downloads import hurry
from reference.file_server import serving
from safetensors.numpy import load, save

from weights_tools import SOURCES, WeightsError
from weights_tools.download import ranges, transport
from weights_tools.download.progress import Bar
from weights_tools.download.ranges import fetch_ranges

GENERATOR = np.random.default_rng(0)
# Names of torchvision; in the order of names, the dense layers lie before, between and after.
TENSORS = {
    name: GENERATOR.random(shape, np.float32)
    for name, shape in {
        "classifier.0.bias": (100,),
        "classifier.0.weight": (100, 70),
        "features.0.bias": (64,),
        "features.0.weight": (64, 3, 3, 3),
        "features.10.bias": (8,),
        "features.10.weight": (8, 4, 3, 3),
        "features.2.weight": (4, 64, 3, 3),
        "head.fc.weight": (10, 10),
        "zeta.weight": (2, 2, 3, 3),
    }.items()
}
CONVOLUTIONS = {
    name: each for name, each in TENSORS.items() if not name.startswith(("classifier", "head"))
}
CONTENT = save(TENSORS, {"format": "pt"})
HEADER_BYTES = int.from_bytes(CONTENT[:8], "little")


def source_of(content, **changes):
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return dataclasses.replace(SOURCES["vgg19-timm"], digest=digest, **changes)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    hurry(monkeypatch)
    monkeypatch.setattr(transport, "SECURE_SCHEMES", ("https", "http"))


@pytest.fixture
def server():
    with serving(CONTENT) as running:
        announce(running)
        yield running


def announce(server, content=None):
    """Let the server have this file and tell its hash, as Hugging Face does."""
    server.content = server.content if content is None else content
    server.linked = f'"{hashlib.sha256(server.content).hexdigest()}"'


def fetch(server, path, behavior="moved", **changes):
    url = f"{server.address}/{behavior}/model.safetensors"
    with Bar("x", shown=False) as bar:
        return fetch_ranges(url, path, source_of(server.content, **changes), bar)


def test_the_convolutions_alone_are_fetched(server, tmp_path):
    assert fetch(server, tmp_path / "x", size=len(CONTENT))
    found = load((tmp_path / "x").read_bytes())
    assert found.keys() == CONVOLUTIONS.keys()
    for name, each in CONVOLUTIONS.items():
        np.testing.assert_array_equal(found[name], each)
    asked = [each for each in server.requests if each.path.startswith("/whole/")]
    # One byte to see what the server knows, length, header, the neighbors at once, the last one.
    assert len(asked) == 5
    needed = sum(each.nbytes for each in CONVOLUTIONS.values())
    assert [each.sent for each in asked] == [1, 8, HEADER_BYTES, needed - 144, 144]
    assert asked[-1].range == f"bytes={len(CONTENT) - 144}-{len(CONTENT) - 1}"


def test_half_precision_is_kept(server, tmp_path):
    half = {name: each.astype(np.float16) for name, each in TENSORS.items()}
    announce(server, save(half))
    assert fetch(server, tmp_path / "x")
    found = load((tmp_path / "x").read_bytes())["features.0.weight"]
    np.testing.assert_array_equal(found, half["features.0.weight"])


def test_a_server_may_tell_the_hash_as_its_etag(server, tmp_path):
    server.etag = server.linked
    assert fetch(server, tmp_path / "x", "whole")


@pytest.mark.parametrize("behavior", ["plain", "whole", "wrong"])
def test_a_file_whose_hash_is_not_announced_is_fetched_whole(server, tmp_path, behavior):
    assert not fetch(server, tmp_path / "x", behavior)
    assert not (tmp_path / "x").exists()


def test_another_hash_is_not_believed(server, tmp_path):
    server.linked = f'"{"0" * 64}"'
    assert not fetch(server, tmp_path / "x")


def test_nothing_is_believed_over_http_or_without_a_hash(server, tmp_path, monkeypatch):
    url = f"{server.address}/moved/model.safetensors"
    bar = Bar("x", shown=False)
    assert not fetch_ranges(url, tmp_path / "x", SOURCES["vgg19-johnson"], bar)
    monkeypatch.setattr(transport, "SECURE_SCHEMES", ("https",))
    assert not fetch_ranges(url, tmp_path / "x", source_of(CONTENT), bar)
    assert not server.requests


@pytest.mark.parametrize(
    ("behavior", "message"),
    [
        ("404", "the server answered 404"),
        ("416", "the server answered 416"),
        ("silent", "the server did not answer in time"),
        ("circle", "redirects more than 5 times"),
    ],
)
def test_a_failing_server(server, tmp_path, behavior, message):
    with pytest.raises(WeightsError, match=message):
        fetch(server, tmp_path / "x", behavior)


@pytest.mark.parametrize(
    ("behavior", "message"),
    [
        ("404", "the server answered 404"),
        ("plain", "the server answered 200"),
        ("cut", "the connection broke before the end"),
        ("shifted", "the server answered another part of the file than was asked for"),
        ("surplus", "the server sends more than was asked for"),
        ("stall", "the server fell silent|less than 2000"),
        ("drip", "the server sent less than 2000 bytes a second"),
    ],
)
def test_a_server_that_fails_later(server, tmp_path, monkeypatch, behavior, message):
    # The first three answers are right, then this.
    server.etag = server.linked
    handler = server.RequestHandlerClass

    def then(self):
        if behavior == "surplus" and len(server.requests) > 3:
            reply = self.reply()
            reply.body += b"more"
            return self.send(reply)
        if behavior == "404" and len(server.requests) > 3:
            return self.send_error(404)
        return getattr(self, behavior if len(server.requests) > 3 else "whole")()

    monkeypatch.setattr(handler, "later", then, raising=False)
    with pytest.raises(WeightsError, match=message) as caught:
        fetch(server, tmp_path / "x", "later")
    assert "\n" not in str(caught.value)


def test_a_file_that_changes_meanwhile(server, tmp_path, monkeypatch):
    convolutions = ranges._convolutions

    def changes(tensors):
        server.linked = '"another"'
        return convolutions(tensors)

    monkeypatch.setattr(ranges, "_convolutions", changes)
    with pytest.raises(WeightsError, match="another part of the file than was asked for"):
        fetch(server, tmp_path / "x")


@pytest.mark.parametrize("size", [len(CONTENT) + 1, 5])
def test_another_size(server, tmp_path, size):
    with pytest.raises(WeightsError, match=f"a file of {len(CONTENT)} bytes, expected {size}"):
        fetch(server, tmp_path / "x", size=size)


def entry(begin=0, end=36, shape=(1, 1, 3, 3), dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"a": entry(end=37)}, "gives a 37 bytes for .1, 1, 3, 3"),
        ({"a": entry(begin=64, end=100)}, "puts a outside of the file"),
        ({"a": entry(begin=-36, end=0)}, "puts a outside of the file"),
        ({"a": entry(begin=36, end=0)}, "puts a outside of the file"),
        ({"a": entry(end=1e2)}, "puts a outside of the file"),
        ({"a": entry(shape=(-1, -1, 3, 3))}, "puts a outside of the file"),
        ({"a": entry(shape=(1, True, 3, 3))}, "puts a outside of the file"),
        ({"a": entry(dtype=["F32"])}, "puts a outside of the file"),
        ({"a": entry(end=9, dtype="I8")}, "a is I8, expected floating-point numbers"),
        ({"a": entry(), "b": entry()}, "lets b overlap another tensor"),
        ({"a": entry(), "b": entry(begin=4, end=40)}, "lets b overlap another tensor"),
        ({"x": entry(end=4, shape=(1,))}, "holds no convolution with 3x3 kernels"),
        ({"a.running_mean": entry(end=4, shape=(1,))}, "batch normalization"),
        ({}, "holds no convolution"),
        ({"a": {"dtype": "F32"}}, "its header is damaged"),
        ({"a": {**entry(), "shape": None}}, "its header is damaged"),
        ({"a": {**entry(), "data_offsets": [1]}}, "its header is damaged"),
        ([1], "its header is damaged"),
        (b"not JSON", "its header is damaged"),
        (b"\xff\xfe{}", "its header is damaged"),
        (b"[" * 100_000, "its header is damaged"),
        (b"1", "its header has 1 bytes"),
    ],
)
def test_a_header_that_lies(server, tmp_path, header, message):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    announce(server, len(text).to_bytes(8, "little") + text + bytes(64))
    with pytest.raises(WeightsError, match=message) as caught:
        fetch(server, tmp_path / "x")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("length", [0, 200, (10 << 20) + 1, 1 << 63])
def test_a_header_of_impossible_length(server, tmp_path, length):
    announce(server, length.to_bytes(8, "little") + b"{}" + bytes(100))
    with pytest.raises(WeightsError, match=f"its header has {length} bytes"):
        fetch(server, tmp_path / "x")


def test_tensors_that_are_scattered(server, tmp_path, monkeypatch):
    monkeypatch.setattr(ranges, "MAX_REQUESTS", 1)
    with pytest.raises(WeightsError, match="the convolutions lie in 2 places of the file"):
        fetch(server, tmp_path / "x")
