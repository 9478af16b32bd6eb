"""A small published file, and what is expected where it is obtained or refused."""

import dataclasses
import hashlib
import time

import pytest

from weights_tools import WeightsError
from weights_tools.download import transport
from weights_tools.download.obtain import obtained
from weights_tools.sources import SOURCES

CONTENT = bytes(range(256)) * 1024
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def hurry(monkeypatch):
    """Shorten every wait, and let no proxy stand between us and a server of our own."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transport, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(transport, "SILENCE_TIMEOUT", 0.3)
    monkeypatch.setattr(transport, "ANSWER_TIMEOUT", 0.5)
    monkeypatch.setattr(transport, "SLOW_SECONDS", 0.4)


def hide_the_user(monkeypatch, tmp_path):
    """Let nothing be found that this machine's user has set or downloaded."""
    for name in ("NSTJAX_MIRROR", "NSTJAX_OFFLINE", "TORCH_HOME", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))


def source_at(*urls, **changes):
    """Return a source of CONTENT at these addresses."""
    known = {"file_name": "weights.h5", "size": len(CONTENT), "digest": DIGEST, **changes}
    return dataclasses.replace(SOURCES["vgg16"], urls=urls, **known)


def content_of(source, folder):
    """Obtain a source and return what came."""
    with obtained(source, folder) as found:
        return found.path.read_bytes()


def refused(source, folder, message):
    """Expect that a source cannot be obtained, in time, and return why."""
    start = time.monotonic()
    with pytest.raises(WeightsError, match=message) as caught, obtained(source, folder):
        pass
    assert time.monotonic() - start < 3
    assert "\n" not in str(caught.value)
    assert not (folder / source.file_name).exists()
    return str(caught.value)
