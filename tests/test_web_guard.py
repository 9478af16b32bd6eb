"""What the guard lets through, and what it says to the rest."""

from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the page's libraries are not installed")

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from nstjax.web.guard import HEADERS, Guard

MOST = 1000


async def echo(scope, receive, send):
    """Answers how much came."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)), headers={"access-control-allow-origin": "*"})(
        scope, receive, send
    )


async def swallows(scope, receive, send):
    """Makes an answer of its own of whatever goes wrong, as Gradio does."""
    try:
        await Request(scope, receive).body()
    except Exception:
        await PlainTextResponse("ours", 500)(scope, receive, send)


def client(inner=echo, *, password="", has_room=True, folder=Path("/nothing"), **others):
    guard = Guard(
        inner,
        names={"localhost", "studio"},
        password=password,
        body=MOST,
        folder=folder,
        has_room=lambda: has_room,
    )
    return TestClient(guard, base_url="http://127.0.0.1:7860", **others)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:7860",
        "localhost",
        "LOCALHOST:1",
        "studio:7860",
        "[::1]:7860",
        "192.168.1.7",
        "studio.",
    ],
)
def test_its_own_names_are_answered(host):
    assert client().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "localhost.evil.example", "", "[::1", "a@b", "0x7f.1"],
)
def test_a_foreign_name_is_refused(host):
    """Else a page elsewhere could have its own name lead here (DNS rebinding)."""
    assert client().get("/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:7861", "http://127.0.0.1", "", "file://"],
)
def test_a_foreign_page_is_refused(origin):
    for method in ("GET", "POST", "OPTIONS"):
        assert client().request(method, "/config", headers={"origin": origin}).status_code == 403


def test_the_page_itself_is_answered():
    origin = {"origin": "http://127.0.0.1:7860"}
    for path in ("/gradio_api/queue/join", "/gradio_api/upload"):
        assert client().post(path, headers=origin, json={}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=http://example.com/",
        "/gradio_api/file=http://example.com/a.png",
        "/gradio_api/vibe-code",
        "/gradio_api/stream/1/2/3/playlist.m3u8",
        "/gradio_api/process_recording",
        "/docs",
        "/login",
        "/monitoring",
        "/gradio_api/queue/join/more",
    ],
)
def test_what_the_page_does_not_use_is_not_there(path):
    assert client().get(path).status_code == 404


def test_a_body_has_a_bound_whether_its_length_is_told_or_not():
    assert client().post("/config", content=b"x" * MOST).text == str(MOST)
    assert client().post("/config", content=b"x" * (MOST + 1)).status_code == 413
    for inner in (echo, swallows):
        parts = (b"x" * 300 for _ in range(5))
        assert client(inner).post("/config", content=parts).status_code == 413


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "²"])
def test_a_length_that_is_none_is_refused(length):
    headers = {"content-length": length.encode()}
    assert client().post("/config", headers=headers).status_code == 400


def test_nothing_is_kept_where_the_folder_is_full():
    full = client(has_room=False)
    assert full.post("/gradio_api/upload").status_code == 507
    assert full.get("/").status_code == 200


def test_a_password_is_asked_for_whatever_is_wanted():
    asking = client(password="sesam öffne dich")
    for path in ("/", "/gradio_api/upload", "/nothing", "/assets/a.js"):
        answer = asking.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert asking.get("/", auth=("anyone", "sesam öffne dich")).status_code == 200
    for wrong in ("", "sesam", "sesam öffne dich ", "Sesam öffne dich"):
        assert asking.get("/", auth=("anyone", wrong)).status_code == 401
    for given in ("Basic", "Basic !!!", "Bearer c2VzYW0=", "basic " + "A" * 100):
        assert asking.get("/", headers={"authorization": given}).status_code == 401


def test_every_answer_keeps_the_page_to_itself():
    for answer in (client().get("/"), client().get("/nothing"), client(password="a").get("/")):
        assert HEADERS.items() <= dict(answer.headers).items()
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "http" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/api/x/"]
)
def test_values_name_only_files_that_were_sent(path, tmp_path):
    """Gradio copies what a value names to where anybody may fetch it, and fetches addresses."""
    asked = client(folder=tmp_path)
    mine = str(tmp_path / "hash" / "photo.png")
    outside = ["/etc/passwd", f"{tmp_path}/../x", "http://a.example/b.png", "\0", 3, f"{tmp_path}x"]
    assert asked.post(path, json={"data": [{"path": mine}, {"image": {"path": None}}]}).text != "0"
    for named in outside:
        deep = {"data": [[{"image": {"path": named}}], {"path": mine}]}
        assert asked.post(path, json=deep).status_code == 403, named
    (tmp_path / "link").symlink_to("/etc")
    assert asked.post(path, json={"path": f"{tmp_path}/link/passwd"}).status_code == 403
    for body in (b"{", b"\xff", b"[" * 900):
        assert asked.post(path, content=body).status_code == 400
    assert asked.post(path, content=b"x" * (MOST + 1)).status_code == 413
    assert asked.post(path, content=(b"x" * 300 for _ in range(5))).status_code == 413


def test_what_the_application_cannot_answer_is_told_without_its_traceback(caplog):
    async def broken(scope, receive, send):
        raise KeyError("secret")

    async def half_told(scope, receive, send):
        await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)
        raise KeyError("secret")

    for inner in (broken, half_told):
        caplog.clear()
        answer = client(inner).get("/")
        assert answer.status_code == 500
        assert "cannot be answered" in answer.json()["error"]
        assert "secret" not in answer.text
        assert "secret" in caplog.text
