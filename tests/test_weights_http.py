"""One URL -> a file, against a server of our own that misbehaves in every way."""

import json
import os
import time

import pytest
from reference.downloads import hurry
from reference.file_server import serving

from weights_tools import WeightsError
from weights_tools.download import http, partial, transport
from weights_tools.download.http import fetch_url
from weights_tools.download.progress import Bar

# Thirds of whole blocks: of a block that a silent server leaves open nothing is kept.
THIRD = 6 * transport.BLOCK_BYTES
CONTENT = os.urandom(3 * THIRD)
SIZE = len(CONTENT)


@pytest.fixture
def server():
    with serving(CONTENT) as running:
        yield running


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    hurry(monkeypatch)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "weights.h5.part"


def fetch(server, behavior, part, size=SIZE):
    with Bar("x", shown=False) as bar:
        fetch_url(f"{server.address}/{behavior}/weights.h5", part, size=size, bar=bar)


def fails(server, behavior, part, message, size=SIZE):
    start = time.monotonic()
    with pytest.raises(WeightsError, match=message) as caught:
        fetch(server, behavior, part, size)
    assert time.monotonic() - start < 2
    assert "\n" not in str(caught.value)


def begun(server, part, count, **changes):
    """Let an earlier try have stopped after `count` bytes."""
    part.write_bytes(CONTENT[:count])
    url = f"{server.address}/whole/weights.h5"
    partial.remember(
        part, partial.Beginning(**{"url": url, "validator": '"first"', "total": None, **changes})
    )


@pytest.mark.parametrize("behavior", ["whole", "plain", "unmeasured", "moved"])
@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_file_arrives(server, part, behavior, size):
    fetch(server, behavior, part, size)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behavior", "message"),
    [
        ("403", "the server answered 403 Forbidden$"),
        ("404", "the server answered 404 Not Found$"),
        ("500", "the server answered 500 Internal Server Error$"),
        ("416", "the server answered 416 Requested Range Not Satisfiable$"),
        ("206", "the server answered 206"),
        ("silent", "the server did not answer in time"),
        ("drip_headers", "the server did not answer in time"),
        ("stall", "the server fell silent|less than 2000 bytes a second"),
        ("drip", "the server sent less than 2000 bytes a second for 0.4 seconds"),
        ("cut_plain", "the connection broke before the end of the file"),
        ("longer", "the server offers a file of 295912 bytes, expected 294912"),
        ("shorter", "the server offers a file of 293912 bytes, expected 294912"),
        ("endless", "the server sends more than the 294912 bytes expected"),
        ("page", "the server offers a file of 36 bytes, expected 294912"),
        ("compressed", "the server sends the file compressed"),
        ("circle", "the server redirects more than 5 times"),
        ("elsewhere", "the download failed: No connection adapters"),
    ],
)
def test_a_failing_server(server, part, behavior, message):
    fails(server, behavior, part, message)
    assert partial.length(part) < len(CONTENT)


def test_silence_in_the_middle_is_told_even_if_slowness_is_allowed(server, part, monkeypatch):
    monkeypatch.setattr(transport, "SLOW_SECONDS", 5.0)
    fails(server, "stall", part, "the server fell silent")
    assert part.read_bytes() == CONTENT[:THIRD]


def test_no_server(part):
    # Port 9 discards; nothing listens there.
    with pytest.raises(WeightsError, match="no connection to the server"):
        fetch_url("http://127.0.0.1:9/x", part, size=None, bar=Bar("x", shown=False))


def test_a_file_of_unknown_size_cannot_fill_the_disk(server, part, monkeypatch):
    monkeypatch.setattr(http, "MAX_BYTES", 200_000)
    fails(server, "whole", part, "offers a file of 294912 bytes, more than 200000", None)
    fails(server, "endless", part, "sends more than the 200000 bytes expected", None)
    assert not part.exists()


def test_https_is_not_left_by_a_redirect(server, part, monkeypatch):
    monkeypatch.setattr(transport, "is_secure", lambda url: "moved" in url)
    fails(server, "moved", part, "redirects to an address that is not secure")


def test_a_connection_that_breaks_is_continued_at_once(server, part):
    fetch(server, "cut", part)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={THIRD}-", f"bytes={2 * THIRD}-"]
    assert server.sent == len(CONTENT)


def test_it_is_not_continued_for_ever(server, part, monkeypatch):
    monkeypatch.setattr(http, "ATTEMPTS", 2)
    fails(server, "cut", part, "the connection broke 2 times")
    assert part.read_bytes() == CONTENT[: 2 * THIRD]


def test_an_earlier_try_is_continued(server, part):
    begun(server, part, 123_456)
    fetch(server, "whole", part)
    # Its size was not known to be the one that is asked for now: from the beginning.
    assert server.ranges == [None]
    begun(server, part, 123_456, total=len(CONTENT))
    fetch(server, "whole", part)
    assert part.read_bytes() == CONTENT
    request = server.requests[-1]
    assert (request.range, request.if_range) == ("bytes=123456-", '"first"')
    assert request.sent == len(CONTENT) - 123_456
    assert len(server.requests) == 2


def test_a_date_is_enough_to_continue(server, part):
    server.etag = "Sun, 01 Nov 2020 00:00:00 GMT"
    begun(server, part, 1000, validator=server.etag)
    fetch(server, "whole", part, None)
    # The server of the test sends it as an ETag that is none; what counts is If-Range.
    assert server.requests[0].if_range == server.etag
    assert part.read_bytes() == CONTENT


def test_what_has_come_whole_is_not_asked_for_again(server, part):
    begun(server, part, len(CONTENT), total=len(CONTENT))
    fetch(server, "whole", part)
    assert not server.requests


@pytest.mark.parametrize(
    "changes",
    [
        {"validator": '"older"'},
        {"url": "http://127.0.0.1/other"},
        {"total": 5},
        {"total": True},
        {"validator": "two\nlines"},
        {"validator": None},
    ],
)
@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_another_beginning_is_thrown_away(server, part, changes, size):
    begun(server, part, 5000, **{"total": len(CONTENT), **changes})
    part.write_bytes(b"\0" * 5000)
    fetch(server, "whole", part, size)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("notes", ["", "{", "[]", "null", '{"url": 1}', "[" * 100_000])
def test_damaged_notes_are_as_good_as_none(server, part, notes):
    part.write_bytes(b"\0" * 5000)
    part.with_name("weights.h5.part.json").write_text(notes)
    fetch(server, "whole", part)
    assert part.read_bytes() == CONTENT
    assert server.ranges == [None]
    known = json.loads(part.with_name("weights.h5.part.json").read_text())
    assert (known["validator"], known["total"]) == ('"first"', len(CONTENT))


def test_too_long_a_beginning_is_thrown_away(server, part):
    begun(server, part, 0)
    part.write_bytes(CONTENT + b"more")
    fetch(server, "whole", part, None)
    assert part.read_bytes() == CONTENT
    assert server.ranges == ["bytes=294916-", None]


@pytest.mark.parametrize("behavior", ["stubborn", "shifted", "plain"])
def test_a_server_that_continues_another_file_is_asked_again(server, part, behavior):
    server.etag = '"second"'
    url = f"{server.address}/{behavior}/weights.h5"
    begun(server, part, 5000, url=url, total=len(CONTENT))
    part.write_bytes(b"\0" * 5000)
    fetch(server, behavior, part)
    assert part.read_bytes() == CONTENT
    assert server.ranges == ["bytes=5000-", None]


def test_a_server_that_is_down_costs_nothing_that_has_come(server, part):
    url = f"{server.address}/500/weights.h5"
    begun(server, part, 5000, url=url, total=len(CONTENT))
    fails(server, "500", part, "500")
    assert part.read_bytes() == CONTENT[:5000]


def test_no_place_to_write(server, tmp_path):
    with pytest.raises(FileNotFoundError):
        fetch(server, "whole", tmp_path / "nowhere" / "part")


def test_only_one_writes_the_partial_file(tmp_path):
    with partial.claimed(tmp_path, "x") as first, partial.claimed(tmp_path, "x") as second:
        assert first == tmp_path / "x.part"
        assert second != first
        for path in (first, second):
            path.write_bytes(b"x")
    # What the first has is kept, the second's is not, and no lock is left.
    assert os.listdir(tmp_path) == ["x.part"]
    with partial.claimed(tmp_path, "x") as again:
        assert again == first


def test_a_lock_that_was_deleted_by_its_owner_is_not_had(tmp_path, monkeypatch):
    lock = partial._lock

    def deleted_before(file):
        (tmp_path / "x.lock").unlink()
        return lock(file)

    monkeypatch.setattr(partial, "_lock", deleted_before)
    with partial.claimed(tmp_path, "x") as path:
        assert path != tmp_path / "x.part"
