"""One GET request that cannot hang: every wait for the server is bounded, whatever it does.

A thread of its own talks to the server and hands over blocks; the caller only waits for these, and
leaves when the server is too slow. Time limits of sockets alone do not do that: they start anew
with every byte that drips, and know nothing of a name that is looked up.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from weights_tools.errors import WeightsError

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT = 10.0  # seconds
SILENCE_TIMEOUT = 30.0  # seconds without a byte
ANSWER_TIMEOUT = 60.0  # seconds until the file begins, with all redirects
# A server that sends less than SLOW_RATE bytes a second over SLOW_SECONDS counts as stalled.
SLOW_SECONDS = 30.0
SLOW_RATE = 2000
MAX_REDIRECTS = 5
# Small enough that a slow server fills some within SLOW_SECONDS.
BLOCK_BYTES = 1 << 14
# What may be believed without a hash that we computed ourselves.
SECURE_SCHEMES = ("https",)

_WAITING_BLOCKS = 64
_REDIRECTS = (301, 302, 303, 307, 308)


class BrokenError(WeightsError):
    """The connection broke in the middle: what has come is good, and may be continued."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a server answered; `blocks` is the content, and may be left unread."""

    status: int
    reason: str
    headers: Mapping[str, str]  # names in any case
    announced: str  # the ETag without quotes; of a redirect that names the file's, that one
    blocks: Iterator[bytes]

    @property
    def length(self) -> int | None:
        """Bytes of this answer, None where the server does not say."""
        text = self.headers.get("Content-Length", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@contextlib.contextmanager
def opened(url: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
    """Ask for `url` and give the answer, of whatever status, at the end of all redirects.

    Raises:
        WeightsError: no connection, too slow, too many redirects or to somewhere insecure; also
            while the blocks are read. It does not name the server.
    """
    exchange = _Exchange(url, dict(headers or {}))
    try:
        yield exchange.answer()
    finally:
        exchange.leave()


def is_secure(url: str) -> bool:
    """Tell whether nobody between us and the server can have changed what `url` brings."""
    return urlsplit(url).scheme in SECURE_SCHEMES


def status_error(answer: Answer) -> WeightsError:
    """Return the error for an answer that is not the file."""
    return WeightsError(f"the server answered {answer.status} {answer.reason}".rstrip())


class _LeftError(Exception):
    """Nobody waits for the thread any more."""


class _Exchange:
    """The thread that talks to the server, and the queue through which it hands over."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._queue: queue.Queue[requests.Response | bytes | Exception | None] = queue.Queue(
            _WAITING_BLOCKS
        )
        self._left = threading.Event()
        self._response: requests.Response | None = None
        self._linked = ""
        # A daemon: one that waits for a silent server must not keep the program from ending.
        threading.Thread(target=self._work, args=(url, headers), daemon=True).start()

    def answer(self) -> Answer:
        try:
            response = self._take(time.monotonic() + ANSWER_TIMEOUT)
        except queue.Empty:
            raise WeightsError("the server did not answer in time") from None
        assert response is not None  # it comes before all blocks
        assert not isinstance(response, bytes)
        self._response = response
        announced = self._linked or response.headers.get("ETag", "")
        return Answer(
            response.status_code,
            response.reason or "",
            response.headers,
            announced.strip('"'),
            self._blocks(),
        )

    def leave(self) -> None:
        self._left.set()
        # Wakes a thread that waits for a byte, where urllib3 is recent enough; not to be told.
        with contextlib.suppress(Exception):
            getattr(getattr(self._response, "raw", None), "shutdown", bool)()

    def _blocks(self) -> Iterator[bytes]:
        since, count = time.monotonic(), 0
        while True:
            try:
                block = self._take(since + SLOW_SECONDS)
            except queue.Empty:
                block = b""
            if block is None:
                return
            if isinstance(block, bytes) and block:
                count += len(block)
                yield block
            if time.monotonic() - since >= SLOW_SECONDS:
                if count < SLOW_RATE * SLOW_SECONDS:
                    raise WeightsError(
                        f"the server sent less than {SLOW_RATE} bytes a second "
                        f"for {SLOW_SECONDS:g} seconds"
                    )
                since, count = time.monotonic(), 0

    def _take(self, until: float) -> requests.Response | bytes | None:
        item = self._queue.get(timeout=max(until - time.monotonic(), 0.001))
        if isinstance(item, Exception):
            raise _told(item) from None
        return item

    def _give(self, item: requests.Response | bytes | Exception | None) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                return self._queue.put(item, timeout=0.2)
        raise _LeftError

    def _work(self, url: str, headers: dict[str, str]) -> None:
        import requests

        try:
            with requests.Session() as session, self._asked(session, url, headers) as response:
                self._give(response)
                for block in response.iter_content(BLOCK_BYTES):
                    self._give(block)
            self._give(None)
        except _LeftError:
            pass
        except Exception as error:
            with contextlib.suppress(_LeftError):
                self._give(error)

    def _asked(
        self, session: requests.Session, url: str, headers: dict[str, str]
    ) -> requests.Response:
        """Follow redirects ourselves: the library would read their bodies, however long."""
        for _ in range(MAX_REDIRECTS + 1):
            response = session.get(
                url,
                # Lengths and ranges are those of the file, not of a compressed form of it.
                headers={"Accept-Encoding": "identity", **headers},
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_TIMEOUT, SILENCE_TIMEOUT),
            )
            # Hugging Face tells the hash of the file before it redirects to where the file lies.
            self._linked = self._linked or response.headers.get("X-Linked-ETag", "")
            if response.status_code not in _REDIRECTS:
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    response.close()
                    raise WeightsError("the server sends the file compressed")
                return response
            response.close()
            target = urljoin(url, session.get_redirect_target(response) or "")
            if is_secure(url) and not is_secure(target):
                raise WeightsError("the server redirects to an address that is not secure")
            url = target
        raise WeightsError(f"the server redirects more than {MAX_REDIRECTS} times")


def _told(error: Exception) -> Exception:
    """Return the error in our words."""
    import requests

    # The order matters: the library's errors are of several kinds at once.
    if isinstance(error, requests.Timeout):
        return WeightsError("the server did not answer in time")
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return BrokenError("the connection broke before the end of the file")
    if isinstance(error, requests.exceptions.SSLError):
        return WeightsError("the server's certificate is not trusted: is a proxy between?")
    if isinstance(error, requests.ConnectionError):
        # The library reports silence in the middle of a file as a connection error.
        silent = "timed out" in str(error).lower()
        return WeightsError("the server fell silent" if silent else "no connection to the server")
    if isinstance(error, WeightsError):
        return error
    return WeightsError(f"the download failed: {error}")
