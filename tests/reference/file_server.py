"""A server of one file that misbehaves as the first part of the path says, and takes notes."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PIECE = 1000


@dataclass
class Request:
    """What was asked for, and how many bytes of content were sent."""

    path: str
    range: str | None
    if_range: str | None
    sent: int = 0


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` under every path; `requests` are those that came."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.etag = '"first"'
        self.linked = ""  # X-Linked-ETag of a redirect
        self.requests: list[Request] = []
        self.released = threading.Event()
        self.barrier = threading.Barrier(1)
        self.lock = threading.Lock()
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def ranges(self) -> list[str | None]:
        """The Range headers of all requests."""
        return [each.range for each in self.requests]

    @property
    def sent(self) -> int:
        """Bytes of content that were sent in all."""
        return sum(each.sent for each in self.requests)

    def handle_error(self, *_) -> None:
        """Clients leave in the middle here."""


@dataclass
class Reply:
    """What is answered; a behavior changes some of it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a GET by the method that the path names."""

    server: Server

    def do_GET(self) -> None:
        """Answer as /behavior/file.name says."""
        behavior = self.path.split("/")[1]
        self.noted = Request(self.path, self.headers["Range"], self.headers["If-Range"])
        self.server.requests.append(self.noted)
        with contextlib.suppress(OSError):
            if behavior.isdigit():
                return self.send_error(int(behavior))
            getattr(self, behavior)()
        return None

    def reply(self) -> Reply:
        """Return the right answer, a part where one was asked for."""
        content, headers = self.server.content, {"ETag": self.server.etag}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        if not asked or self.headers["If-Range"] not in (None, self.server.etag):
            return Reply(200, content, headers)
        first = int(asked[1])
        end = min(int(asked[2]) + 1 if asked[2] else len(content), len(content))
        if first >= len(content):
            return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(content)}"
        return Reply(206, content[first:end], headers)

    def begin(self, reply: Reply, length: int | None = None) -> None:
        """Send all but the content; a `length` of -1 leaves it unsaid."""
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if length != -1:
            self.send_header("Content-Length", str(len(reply.body) if length is None else length))
        self.end_headers()

    def write(self, content: bytes) -> None:
        """Send content and count it."""
        self.noted.sent += len(content)  # before the client can have it, and look
        self.wfile.write(content)

    def send(self, reply: Reply, length: int | None = None) -> None:
        """Send an answer."""
        self.begin(reply, length)
        self.write(reply.body)

    def whole(self) -> None:
        """Behave well."""
        self.send(self.reply())

    def plain(self) -> None:
        """Know neither ranges nor ETags."""
        self.send(Reply(200, self.server.content))

    def cut(self) -> None:
        """Send a third of what was asked for and close."""
        reply = self.reply()
        self.begin(reply)
        self.write(reply.body[: len(self.server.content) // 3])

    def cut_plain(self) -> None:
        """Send the same third always."""
        self.begin(Reply(200, self.server.content))
        self.write(self.server.content[: len(self.server.content) // 3])

    def stall(self) -> None:
        """Send a third, then nothing."""
        self.cut()
        self.wfile.flush()
        self.server.released.wait(10)

    def silent(self) -> None:
        """Never answer."""
        self.server.released.wait(10)

    def drip(self) -> None:
        """Send a byte now and then."""
        self.begin(self.reply())
        for position in range(1000):
            self.write(self.server.content[position : position + 1])
            if self.server.released.wait(0.02):
                return

    def drip_headers(self) -> None:
        """Never come to the end of the headers."""
        self.send_response(200)
        self.flush_headers()
        while not self.server.released.wait(0.02):
            self.wfile.write(b"x")

    def longer(self) -> None:
        """Announce more than comes, as if the file were longer."""
        self.send(self.reply(), len(self.server.content) + PIECE)

    def shorter(self) -> None:
        """Announce less than comes."""
        self.send(self.reply(), len(self.server.content) - PIECE)

    def endless(self) -> None:
        """Announce nothing and never stop."""
        self.begin(self.reply(), -1)
        while not self.server.released.is_set():
            self.write(self.server.content)

    def unmeasured(self) -> None:
        """Send the file without its length."""
        self.send(self.reply(), -1)

    def wrong(self) -> None:
        """Send as many bytes of another file."""
        self.send(Reply(200, self.server.content[::-1], {"ETag": '"first"'}))

    def page(self) -> None:
        """Send a page that asks to log in."""
        self.send(
            Reply(200, b"<!DOCTYPE html><title>Log in</title>", {"Content-Type": "text/html"})
        )

    def compressed(self) -> None:
        """Compress whatever the client wants."""
        self.send(Reply(200, self.server.content, {"Content-Encoding": "gzip"}))

    def moved(self) -> None:
        """Redirect to the file, and tell its hash."""
        self.redirect(self.path.replace("/moved/", "/whole/"))

    def circle(self) -> None:
        """Redirect to itself."""
        self.redirect(self.path)

    def elsewhere(self) -> None:
        """Redirect to a file of this machine."""
        self.redirect("file:///etc/hostname")

    def redirect(self, to: str) -> None:
        """Redirect, with a long body that nobody should read."""
        headers = {"Location": to, "X-Linked-ETag": self.server.linked}
        self.begin(Reply(302, b"", headers), 1 << 30)

    def stubborn(self) -> None:
        """Ignore If-Range: send the rest of whatever the file is now."""
        self.headers.replace_header("If-Range", self.server.etag) if self.headers[
            "If-Range"
        ] else None
        self.whole()

    def shifted(self) -> None:
        """Answer another range than was asked for."""
        reply = self.reply()
        if reply.status == 206:
            reply.headers["Content-Range"] = f"bytes 1-2/{len(self.server.content)}"
        self.send(reply)

    def together(self) -> None:
        """Send a half, wait until all others have come as far, and send the rest."""
        reply = self.reply()
        self.begin(reply)
        half = len(reply.body) // 2
        self.write(reply.body[:half])
        self.wfile.flush()
        self.server.barrier.wait(10)
        time.sleep(0.05)
        self.write(reply.body[half:])

    def log_message(self, *_) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server(content)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
