"""What stands before Gradio: who may ask, for what, and how much of it."""

import base64
import hmac
import ipaddress
import json
import logging
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# All that the page asks for. Gradio has more, such as fetching addresses in the server's name.
OPEN = re.compile(
    r"/(|config/?|theme\.css|favicon\.ico|manifest\.json|(assets|static|svelte)/.*)"
    r"|/gradio_api/(app_id|startup-events|theme\.css|upload|upload_progress|cancel|reset/?|info/?"
    r"|queue/(join|data)/?|run/[\w.-]+/?|api/[\w.-]+/?|heartbeat/\w+|file=(?!\w+://).*)"
)
EVENT = re.compile(r"/gradio_api/(queue/join|(run|api)/[\w.-]+)/?")  # whose values may name files
HEADERS = {
    # Gradio runs scripts and styles that stand in its page, and makes functions of text.
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
REMOVED = "access-control-"  # headers of Gradio's, which let other pages in

log = logging.getLogger(__name__)


class TooLargeError(Exception):
    """A body that goes on after its bound."""


class Guard:
    """An ASGI application before another, which refuses what nobody on the page would send."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        names: Collection[str],
        password: str,
        body: int,
        folder: Path,
        has_room: Callable[[], bool],
    ):
        """What is let through.

        Args:
            app: what stands behind it.
            names: of this server, in lower case; addresses of numbers are taken always, since only a
                name can be made to lead somewhere else (DNS rebinding).
            password: that is asked for, with any name; empty: none.
            body: most bytes of a request.
            folder: of all files that a request may name.
            has_room: whether uploads may be kept.
        """
        self._app, self._names, self._password = app, names, password
        self._body, self._folder, self._has_room = body, folder, has_room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or lets Gradio answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, _with_headers(send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        bounded = _Bounded(receive, self._body)
        answer = _Answer(send, bounded)
        try:
            if EVENT.fullmatch(scope["path"]):
                body = await _whole(bounded)
                refusal = self._refusal_of_event(body)
                await (refusal or self._app)(scope, _again(body, bounded), answer)
            else:
                await self._app(scope, bounded, answer)
        except Exception as error:
            if answer.has_begun:
                raise
            if not bounded.is_exceeded:  # such as an event that is not there
                log.error("a request failed", exc_info=error)
        if answer.has_begun:
            return
        if bounded.is_exceeded:
            await self._too_large()(scope, receive, send)
            return
        told = {"error": "this request cannot be answered; the server's log says why"}
        await JSONResponse(told, 500)(scope, receive, send)

    def _refusal_of_event(self, body: bytes) -> PlainTextResponse | None:
        """Of values that name a file which was not sent here: Gradio may copy or fetch it."""
        try:
            paths = list(_paths(json.loads(body or b"{}")))
        except (ValueError, RecursionError):
            return PlainTextResponse("the body is no JSON", 400)
        if all(self._is_sent(path) for path in paths):
            return None
        return PlainTextResponse("only files that were sent to this page can be used", 403)

    def _is_sent(self, path: object) -> bool:
        if path is None:
            return True
        try:
            return isinstance(path, str) and Path(path).resolve().is_relative_to(self._folder)
        except (OSError, ValueError):
            return False

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            return PlainTextResponse("this server has another name", 403)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return PlainTextResponse("only the page itself may ask this", 403)
        if not self._knows_password(headers.get("authorization", "")):
            asking = {"www-authenticate": 'Basic realm="nstjax", charset="UTF-8"'}
            return PlainTextResponse("a password is needed", 401, asking)
        if not OPEN.fullmatch(scope["path"]):
            return PlainTextResponse("there is nothing here", 404)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()):
            return PlainTextResponse("the length of the body is no number", 400)
        if int(length) > self._body:
            return self._too_large()
        if scope["path"].endswith("/upload") and not self._has_room():
            return PlainTextResponse("the server keeps too many files: try again later", 507)
        return None

    def _too_large(self) -> PlainTextResponse:
        return PlainTextResponse(f"at most {self._body} bytes can be sent at once", 413)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name.rstrip(".") in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _knows_password(self, authorization: str) -> bool:
        if not self._password:
            return True
        scheme, _, encoded = authorization.partition(" ")
        try:
            _, _, given = base64.b64decode(encoded, validate=True).partition(b":")
        except ValueError:
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(given, self._password.encode())


def _paths(value: Any) -> Iterator[object]:
    """All that is called a path in a value, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "path" in each:
                yield each["path"]
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


async def _whole(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read already once more, and then whatever comes behind it."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving


class _Bounded:
    """A body that must not go on for ever, whatever its length was said to be."""

    def __init__(self, receive: Receive, most: int):
        self._receive, self._left, self.is_exceeded = receive, most, False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.is_exceeded = True
            raise TooLargeError
        return message


class _Answer:
    """Passes an answer on; keeps back one that only says that something went wrong."""

    def __init__(self, send: Send, body: _Bounded):
        self._send, self._body, self.has_begun = send, body, False

    async def __call__(self, message: Message) -> None:
        if not self.has_begun and message["type"] == "http.response.start":
            is_plain = (
                Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
            )
            failed = is_plain and message["status"] == 500
            self.has_begun = not failed and not self._body.is_exceeded
        if self.has_begun:
            await self._send(message)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in list(headers):
                if name.startswith(REMOVED):
                    del headers[name]
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
