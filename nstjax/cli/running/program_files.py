"""The files of compiled programs, as JAX has them but for damage: found, passed over and replaced."""

import contextlib
import os
import struct
import warnings
import zlib
from pathlib import Path

import jax
from jax._src import compilation_cache
from jax._src.compilation_cache_interface import CacheInterface

from weights_tools.process import atomic_files

# Behind the program. To Zstandard it is a frame to be skipped, and zlib reads no further than its
# own end: whoever knows nothing of it reads the program all the same.
_SEAL = struct.Struct("<III")
_SKIPPED, _LENGTH = 0x184D2A50, 4
_open_with_jax = compilation_cache.get_file_cache


class ProgramFiles(CacheInterface):
    """A file `KEY-cache` for each program in a folder: whole, or as if it were not there.

    JAX's own class writes in place, never replaces what is there, and so warns forever of a program
    that a full disk or a kill has cut.
    """

    def __init__(self, folder: Path):
        self._path = folder

    def get(self, key: str) -> bytes | None:
        """The compressed program; None where there is none, or a damaged one."""
        try:
            return _opened(self._file(key).read_bytes())
        except OSError:
            return None

    def put(self, key: str, value: bytes) -> None:
        """Keeps a program. JAX calls it where `get` gave nothing, or nothing that could be used."""
        temporary = atomic_files.beside(self._file(key))
        # Everything works without. The disk is not waited for: the seal tells what it has lost.
        with contextlib.suppress(OSError), atomic_files.unfinished(temporary):
            temporary.write_bytes(_sealed(value))
            os.replace(temporary, self._file(key))

    def _file(self, key: str) -> Path:
        return self._path / f"{key}-cache"


def use_program_files() -> None:
    """Lets JAX keep its programs in `ProgramFiles`, and not warn of what is made again anyway."""
    warnings.filterwarnings(
        "ignore", message="Error (reading|writing) persistent compilation cache entry"
    )
    compilation_cache.get_file_cache = _open_cache


def _open_cache(path: str) -> tuple[CacheInterface, str] | None:
    config = jax.config
    bounded = config.jax_compilation_cache_max_size != -1  # pyright: ignore
    checked = config.jax_compilation_cache_check_contents  # pyright: ignore
    if bounded or checked or "://" in path:  # JAX's own class can do that
        return _open_with_jax(path)
    Path(path).mkdir(parents=True, exist_ok=True)
    return ProgramFiles(Path(path)), path


def _sealed(value: bytes) -> bytes:
    return value + _SEAL.pack(_SKIPPED, _LENGTH, zlib.crc32(value))


def _opened(data: bytes) -> bytes | None:
    """What was sealed; what JAX's own class has written has no seal, and is as good as it is."""
    if len(data) < _SEAL.size:
        return None
    value, (mark, length, checksum) = data[: -_SEAL.size], _SEAL.unpack(data[-_SEAL.size :])
    if (mark, length) != (_SKIPPED, _LENGTH):
        return data
    return value if zlib.crc32(value) == checksum else None
