"""The page as a server: Gradio behind a guard, a painter's thread, and a folder that goes with it."""

import contextlib
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import fastapi
import gradio as gr
import jax
import uvicorn

from nstjax.errors import UserError
from nstjax.web.guard import Guard
from nstjax.web.limits import Limits
from nstjax.web.looks import CSS, make_theme
from nstjax.web.order import Engine
from nstjax.web.page import Page
from nstjax.web.painter import Painter
from nstjax.web.visitors import Visitors

LOOK_EVERY = 2  # seconds between two looks at how full the folder is
PATIENCE = 2  # seconds that open connections have at the end
LOCAL = ("localhost", "")
# What Gradio and its libraries read of the environment: nothing is fetched or told anywhere.
ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


class Server:
    """A page that is being served."""

    def __init__(self, server: uvicorn.Server, thread: threading.Thread, url: str):
        self._server, self._thread, self.url = server, thread, url

    @property
    def is_running(self) -> bool:
        """Whether it answers still."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Returns after so many seconds, or once it has ended."""
        self._thread.join(seconds)

    def stop(self) -> None:
        """Ends it, once what is being answered is answered."""
        self._server.should_exit = True
        self._thread.join()


@contextlib.contextmanager
def serving(
    engine: Engine, limits: Limits, *, host: str, port: int, password: str = ""
) -> Iterator[Server]:
    """Serves the page while entered.

    Raises `UserError` where the address cannot be had.
    """
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(_listening(host, port))
        # `resolve`: where the system's folder is a link, Gradio takes the two names for two folders.
        made = tempfile.TemporaryDirectory(prefix="nstjax-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made)).resolve()
        stack.enter_context(_environment({**ENVIRONMENT, "GRADIO_TEMP_DIR": str(folder)}))
        painter = Painter(
            at_once=limits.painting,
            waiting=limits.waiting,
            within=lambda: jax.default_device(engine.device),
        )
        stack.callback(painter.close)
        visitors = Visitors(folder / "visitors", painter, limits)
        stack.callback(visitors.close)
        page = Page(engine, limits, painter, visitors, folder)
        app = _app(page.blocks, limits)
        guard = Guard(
            app,
            names={*LOCAL, host.lower(), socket.gethostname().lower()} - {""},
            password=password,
            body=limits.body,
            folder=folder,
            has_room=_Room(folder, limits.stored),
        )
        yield stack.enter_context(_running(guard, listening, host))


def _app(blocks: gr.Blocks, limits: Limits) -> fastapi.FastAPI:
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    # Gradio checks which files values may name, but only in what it has launched itself.
    blocks.has_launched = blocks.is_running = True
    return gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=True,  # its message, never its traceback
        max_file_size=limits.body,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=make_theme(),
        css=CSS,
    )


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UserError(
            f"{host} port {port} cannot be had: {error.strerror or error}: use another --port or --host"
        ) from None
    with listening:
        yield listening


@contextlib.contextmanager
def _running(app: Guard, listening: socket.socket, host: str) -> Iterator[Server]:
    config = uvicorn.Config(
        app,
        log_level="error",
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=PATIENCE,
    )
    server = uvicorn.Server(config)
    # In a thread: there uvicorn leaves the signals alone, which are the command's.
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="server", daemon=True
    )
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    shown = f"[{host}]" if ":" in host else host
    running = Server(server, thread, f"http://{shown}:{listening.getsockname()[1]}")
    try:
        yield running
    finally:
        running.stop()


class _Room:
    """Whether a folder has room for more; looked up now and then."""

    def __init__(self, folder: Path, most: int):
        self._folder, self._most = folder, most
        self._looked, self._has_room = 0.0, True

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._looked > LOOK_EVERY:
            self._looked = now
            self._has_room = _bytes_in(self._folder) < self._most
        return self._has_room


def _bytes_in(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            total += file.stat().st_size
    return total
