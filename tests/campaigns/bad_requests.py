"""Requests to the page that should not work, by what is wrong with them."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from PIL import Image, PngImagePlugin
from reference.page_pictures import draw
from reference.pages import NOT_KEPT, Client

MOST = 2**20  # bytes that the page takes at once, here
LARGEST = 96  # pixels
Answer = tuple[int, str]  # status and text
JOIN, RUN, UPLOAD = "/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/upload"

FILES = {
    "an absolute path": "/etc/passwd",
    "a relative path": "../../../../etc/passwd",
    "an encoded path": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a path twice encoded": "%252e%252e%252fetc%252fpasswd",
    "the server's environment": "/proc/self/environ",
    "two slashes": "//etc/passwd",
    "a NUL": "/etc/passwd%00.png",
    "an address": "http://169.254.169.254/latest/meta-data",
    "another scheme": "ftp://localhost/x",
    "a long name": "/" + "a" * 5000,
    "the page's own source": str(Path(__file__).parents[2] / "nstjax" / "web" / "page.py"),
}
PATHS = {
    "an old address of files": "/file=/etc/passwd",
    "files without a sign": "/gradio_api/file/etc/passwd",
    "out of the assets": "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "out of static": "/static/..%2f..%2f..%2fetc%2fpasswd",
    "a proxy": "/gradio_api/proxy=http://127.0.0.1:22/",
    "the code editor": "/gradio_api/vibe-code",
    "a stream of nothing": "/gradio_api/stream/a/b/c/playlist.m3u8",
    "documentation": "/docs",
    "news without a name": "/gradio_api/queue/data",
    "a heartbeat with a path": "/gradio_api/heartbeat/..%2f..%2fx",
    "a long address": "/" + "a" * 60_000,
}
# Values of settings, and where they are told: with the click, or by the job.
SETTINGS = {
    "a negative size": {"setting__size": -1},
    "no size": {"setting__size": None},
    "a size of zero": {"setting__size": 0},
    "an enormous size": {"setting__size": 10**9},
    "a size beyond all integers": {"setting__size": 10**400},
    "a size that is text": {"setting__size": "large"},
    "a size in a list": {"setting__size": [64]},
    "a size that is no number": {"setting__size": float("nan")},
    "an infinite weight": {"setting__content_weight": float("inf")},
    "a negative weight": {"setting__style_weight": -3},
    "negative steps": {"setting__steps": -1},
    "strokes that are no number": {"setting__style_scale": "nan"},
    "enormous strokes": {"setting__style_scale": "1e9"},
    "a million strokes": {"setting__style_scale": "1 " * 200_000},
    "an unknown color": {"setting__color": "<script>"},
    "an unknown preset": {"preset": "../default"},
    "an unknown layer": {"setting__style_layers": "relu9_9"},
    "a first picture of the server's": {"setting__init": "/etc/passwd"},
    "no picture": {"content": None, "styles": None},
    "a drawing that is none": {"drawing": {"background": 3, "layers": "x", "composite": []}},
    "a picture that was never sent": {
        "content": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    },
    "a picture at an address": {
        "content": {"path": "http://127.0.0.1:1/a.png", "meta": {"_type": "gradio.FileData"}}
    },
}


def requests(url: str, folder: Path) -> Iterator[tuple[str, Callable[[], Answer]]]:
    """Each request that should not work, by its name."""
    http = httpx.Client(base_url=url, timeout=20, limits=NOT_KEPT)

    def send(method: str, path: str, **others) -> Callable[[], Answer]:
        def sent() -> Answer:
            answer = http.request(method, path, **others)
            return answer.status_code, answer.text

        return sent

    for name, path in FILES.items():
        yield f"file: {name}", send("GET", f"/gradio_api/file={path}")
    for name, path in PATHS.items():
        yield name, send("GET", path)
    yield "a huge body", send("POST", JOIN, content=b"x" * (MOST + 1))
    yield "a huge body in parts", send("POST", UPLOAD, content=_endless())
    for name, origin in {"page": "http://evil.example", "file": "null", "port": f"{url}0"}.items():
        yield f"from a foreign {name}", send("POST", JOIN, json={}, headers={"origin": origin})
    for name in ("evil.example", "", "localhost.evil.example"):
        yield f"to the name {name!r}", send("GET", "/", headers={"host": name})
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        yield f"the method {method}", send(method, UPLOAD)
    for name, body in _bodies().items():
        kind = {"content-type": "application/json"}
        yield f"a body with {name}", send("POST", RUN, content=body, headers=kind)
    yield "an upload of nothing", send("POST", UPLOAD)
    yield (
        "an upload without a bound",
        send("POST", UPLOAD, content=b"abc", headers={"content-type": "multipart/form-data"}),
    )
    for name, text in _raw().items():
        yield name, lambda text=text: _spoken(url, text)
    yield from _of_visitors(url, folder)


def _endless() -> Iterator[bytes]:
    for _ in range(MOST // 2**16 + 4):
        yield b"x" * 2**16


def _bodies() -> dict[str, bytes]:
    event = {"data": [], "fn_index": 0, "session_hash": "x"}
    return {
        "bad JSON": b"{",
        "a list": b"[]",
        "no data": b'{"fn_index": 0}',
        "bytes": b"\xff\xfe\x00",
        "lists without end": b"[" * 100_000,
        "an unknown event": json.dumps(event | {"fn_index": 9999}).encode(),
        "a negative event": json.dumps(event | {"fn_index": -1}).encode(),
        "an event by a text": json.dumps(event | {"fn_index": "paint"}).encode(),
        "too many values": json.dumps(event | {"data": [None] * 5000}).encode(),
        "values of another type": json.dumps(event | {"data": {"a": 1}}).encode(),
    }


def _raw() -> dict[str, bytes]:
    return {
        "no name": b"GET / HTTP/1.1\r\n\r\n",
        "a negative length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "a header of a megabyte": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: "
        + b"a" * 2**20
        + b"\r\n\r\n",
    }


def _spoken(url: str, text: bytes) -> Answer:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        try:
            connection.sendall(text)
            answer = connection.recv(2**16).decode()
        except ConnectionError:  # what is refused need not be read to its end
            return 400, ""
    return int(answer.split(" ", 2)[1]) if answer else 400, answer


def _of_visitors(url: str, folder: Path) -> Iterator[tuple[str, Callable[[], Answer]]]:
    content, style = draw(folder, "photo.png", "painting.png")

    def paint(photograph: Path = content, count: int = 1, **values) -> Answer:
        page = Client(url)
        page.drop(photograph, *[style] * count)
        page.set(**{"setting__size": 32, "setting__coarse_steps": 0, "setting__steps": 3, **values})
        try:
            told = page.spoken("paint", "click")
        except httpx.HTTPStatusError as error:
            return error.response.status_code, error.response.text
        if "problem" in told or 'success":false' in told.replace(" ", ""):
            return 200, told
        return 200, str(page.watch().get("state"))

    for name, values in SETTINGS.items():
        yield name, lambda values=values: paint(**values)
    yield "nine paintings", lambda: paint(count=9)
    for name, file in _pictures(folder, content).items():
        yield f"a photograph that is {name}", lambda file=file: paint(file)
    for name, file in _recipes(folder, content).items():
        yield f"settings from {name}", lambda file=file: _dropped(url, file)


def _dropped(url: str, file: Path) -> Answer:
    page = Client(url)
    page.set(recipe=page.upload(file))
    return 200, page.spoken("recipe", "upload")


def _pictures(folder: Path, whole: Path) -> dict[str, Path]:
    def file(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    Image.new("1", (10_001, 10_000)).save(folder / "huge.png")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    return {
        "cut short": file("cut.png", whole.read_bytes()[:60]),
        "a text": file("text.png", b"not a picture\n"),
        "empty": file("empty.png", b""),
        "a drawing of vectors": file("drawing.svg", svg),
        "an archive": file("archive.png", b"PK\3\4" + bytes(100)),
        "larger than is read": folder / "huge.png",
    }


def _recipes(folder: Path, without: Path) -> dict[str, Path]:
    found = {"a picture without": without}
    settings = {"size": -5, "init": "/etc/passwd"}
    texts = {"bad JSON": "{", "a bad setting": json.dumps({"nstjax": "1", "settings": settings})}
    for name, text in texts.items():
        about = PngImagePlugin.PngInfo()
        about.add_text("nstjax", text)
        found[name] = folder / f"{name}.png"
        Image.new("RGB", (4, 4)).save(found[name], pnginfo=about)
    return found
