"""The page of `nstjax serve` as a program sees it: components and their events by name."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

PATIENCE = 60  # seconds, with all that is compiled
NOT_KEPT = httpx.Limits(max_keepalive_connections=0)  # connections: nobody closes them


@contextlib.contextmanager
def page_at_work(folder: Path, **limits) -> Iterator[str]:
    """A page on this machine, painting with small networks; its address.

    What it keeps is in the folder, and what it prints in `log` there.
    """
    temporary = folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "reference.page_server", json.dumps(limits)]
    environment = {**os.environ, "TMPDIR": str(temporary), "JAX_ENABLE_COMPILATION_CACHE": "false"}
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            command,
            cwd=Path(__file__).parents[1],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert server.stdin is not None
    assert server.stdout is not None
    with server.stdin, server.stdout:
        try:
            url = server.stdout.readline().strip()
            assert url, (folder / "log").read_text()
            yield url
        finally:
            server.stdin.close()
            try:
                code = server.wait(30)
            finally:
                server.kill()
    assert code == 0, (folder / "log").read_text()
    assert not list(temporary.glob("nstjax-*"))  # Gradio leaves a folder of its own beside


class Client:
    """One open page, without a browser."""

    def __init__(self, url: str):
        self.http = httpx.Client(base_url=url, timeout=PATIENCE, limits=NOT_KEPT)
        self.name = secrets.token_hex(8)
        config = self.http.get("/config").raise_for_status().json()
        self.parts = {each["id"]: each for each in config["components"]}
        self.ids = {
            each["props"].get("elem_id") or each["type"]: each["id"]
            for each in config["components"]
        }
        self.events = {
            (target, event): each
            for each in config["dependencies"]
            for target, event in each["targets"]
        }
        self.values = {number: each["props"].get("value") for number, each in self.parts.items()}

    def set(self, **values) -> None:
        """Enters values, by the components' names."""
        for name, value in values.items():
            self.values[self.ids[name.replace("__", "-")]] = value

    def upload(self, path) -> dict:
        """What stands for a file in a component's value."""
        with open(path, "rb") as file:
            answer = self.http.post("/gradio_api/upload", files={"files": (path.name, file)})
        (where,) = answer.raise_for_status().json()
        return {"path": where, "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}

    def drop(self, content, *styles) -> None:
        """Drops pictures on the page."""
        self.set(content=self.upload(content))
        self.set(styles=[{"image": self.upload(style), "caption": None} for style in styles])

    def body(self, part: str, event: str, number: int | None = None) -> dict:
        """What the browser would send at an event."""
        found = self.events[(self.ids[part] if number is None else number, event)]
        data = [self.values[each] for each in found["inputs"]]
        return {"data": data, "fn_index": found["id"], "session_hash": self.name}

    def at_once(self, part: str, event: str) -> dict:
        """What an event without a queue comes to, by the components' names."""
        answer = self.http.post("/gradio_api/run/predict", json=self.body(part, event))
        return self._found(part, event, answer.raise_for_status().json()["data"])

    def in_turn(self, part: str, event: str) -> dict:
        """The same of an event with one."""
        told = json.loads(self.spoken(part, event))
        assert told["success"], told
        return self._found(part, event, told["output"]["data"])

    def spoken(self, part: str, event: str) -> str:
        """The server's last word on an event with a queue; raises for a refusal."""
        body = json.dumps(self.body(part, event))  # Python's: with NaN, and integers of any length
        kind = {"content-type": "application/json"}
        answer = self.http.post("/gradio_api/queue/join", content=body, headers=kind)
        answer.raise_for_status()
        where = f"/gradio_api/queue/data?session_hash={self.name}"
        with self.http.stream("GET", where) as stream:
            for line in stream.iter_lines():
                if '"process_completed"' in line:
                    return line.removeprefix("data: ")
        raise AssertionError("no answer came")

    def watch(self) -> dict:
        """Asks for news until nothing is painted any more; the last of each."""
        shown: dict = {}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            shown |= self.at_once("timer", "tick")
            if any(each in shown.get("state", "") for each in ("Done", "Stopped", "problem")):
                return shown
            time.sleep(0.1)
        raise AssertionError(f"it is painted still: {shown}")

    def made(self, shown: dict, folder) -> list:
        """The pictures of the gallery, as files in a folder."""
        files = []
        for each in shown["made"]:
            path = folder / f"{self.name}-{each['image']['orig_name']}"
            path.write_bytes(self.http.get(each["image"]["url"]).raise_for_status().content)
            files.append(path)
        return files

    def _found(self, part: str, event: str, data: list) -> dict:
        outputs = self.events[self.ids[part], event]["outputs"]
        names = {number: name for name, number in self.ids.items()}
        found = {}
        for number, value in zip(outputs, data, strict=True):
            if isinstance(value, dict) and value.get("__type__") == "update":
                value = value.get("value", value.get("props", {}).get("value"))
                if value is None:
                    continue
            found[names[number]] = value
        return found
