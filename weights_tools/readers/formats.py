"""Which formats there are, how a file of each begins, and what reads it."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import mmap
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from weights_tools import files
from weights_tools.errors import WeightsError
from weights_tools.readers.checkpoint import MAX_BYTES, Checkpoint
from weights_tools.readers.damage import reported

# torch's files have two for each tensor; a wheel has some hundred.
MAX_MEMBERS = 20_000
_DIRECTORY_ENTRY, _DIRECTORY_END = b"PK\x01\x02", b"PK\x05\x06"

Reader = Callable[[Path], contextlib.AbstractContextManager[Checkpoint]]


@dataclass(frozen=True)
class Format:
    """A kind of weights file: how it is recognized, and what reads it."""

    name: str
    suffixes: tuple[str, ...]  # under which it is found in an archive
    module: str  # in this package; loaded only when needed, for its libraries are heavy
    usual: str  # what such files expect where nothing tells, a key of PREPROCESSINGS
    library: str = ""  # that must be installed to read them

    @property
    def reader(self) -> Reader:
        """The function `read_<module>` of the module."""
        module = importlib.import_module(f"weights_tools.readers.{self.module}")
        return getattr(module, f"read_{self.module}")


FORMATS = (
    Format("Keras HDF5", (".h5", ".hdf5"), "keras_h5", "caffe"),
    Format("PyTorch", (".pth", ".pt"), "torch_pth", "torchvision", library="torch"),
    Format("safetensors", (".safetensors",), "safetensors_file", "torchvision"),
    Format("NumPy", (".npz", ".npy"), "numpy_file", "caffe"),
    Format("MatConvNet", (".mat",), "matconvnet", "caffe-rgb"),
    Format("Caffe", (".caffemodel",), "caffemodel", "caffe"),
    Format("ONNX", (".onnx",), "onnx_file", "torchvision"),
    Format("zip", (), "archive", ""),
)
_BY_MODULE = {each.module: each for each in FORMATS}
SUFFIXES = tuple(suffix for each in FORMATS for suffix in each.suffixes)


@contextlib.contextmanager
def read_checkpoint(path: Path, *, nested: bool = False) -> Iterator[Checkpoint]:
    """Open a weights file of any format: `with read_checkpoint(path) as checkpoint`.

    An archive inside an archive is refused (`nested`), or unpacking might never end.

    Raises:
        WeightsError: no such format, too large, or what its reader raises.
    """
    found = detect_format(path)
    if nested and found.module == "archive":
        raise WeightsError(f"{path} is an archive inside an archive: unpack the outer one")
    if path.stat().st_size > MAX_BYTES:
        raise WeightsError(
            f"{path} has {path.stat().st_size} bytes, more than {MAX_BYTES}: "
            "give a file of VGG16 or VGG19"
        )
    with found.reader(path) as checkpoint:
        if found.module != "archive":  # of which the format inside counts
            checkpoint = dataclasses.replace(checkpoint, file_format=found.name, usual=found.usual)
        yield checkpoint


def require_library(file_name: str) -> None:
    """Check that a file of this name can be read here, before it is downloaded.

    Raises:
        WeightsError: says which library is missing.
    """
    for each in FORMATS:
        if file_name.endswith(each.suffixes) and each.library and not find_spec(each.library):
            raise WeightsError(
                f"reading {each.name} files needs {each.library}, which is not installed: "
                f"pip install {each.library}"
            )


def detect_format(path: Path) -> Format:
    """Return the format of a file that exists, by how it begins.

    Raises:
        WeightsError: none that is known; says how the file begins.
    """
    try:
        with path.open("rb") as file:
            start = file.read(300)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {files.reason(error)}") from None
    if start.startswith(b"PK\x03\x04"):
        return _BY_MODULE[_zip_module(path)]
    for module, pattern in _BEGINNINGS.items():
        if pattern.match(start):
            return _BY_MODULE[module]
    for what, pattern in _MISTAKEN.items():
        if pattern.match(start):
            raise WeightsError(f"{path} is {what}")
    raise WeightsError(
        f"{path} is no weights file that can be read (it begins with {start[:12]!r}): give one of "
        f"Keras, PyTorch, safetensors, NumPy, MatConvNet, Caffe or ONNX ({', '.join(SUFFIXES)})"
    )


_BEGINNINGS = {
    module: re.compile(pattern, re.DOTALL)
    for module, pattern in {
        "keras_h5": rb"\x89HDF\r\n\x1a\n",
        "numpy_file": rb"\x93NUMPY",
        "matconvnet": rb"MATLAB 5\.0",
        # Eight bytes of length, then JSON; the length has at most 32 bits of use.
        "safetensors_file": rb".{4}\0\0\0\0\{",
        # A pickle, whose first objects are torch's magic number; or the tar of its first releases.
        "torch_pth": rb"\x80.(?:\x8a\x0a\x6c\xfc\x9c\x46)|.{257}ustar",
        # Fields of ModelProto: ir_version (1) as one byte, then producer, domain or opset.
        "onnx_file": rb"\x08[\x01-\x20][\x12\x1a\x22\x28\x32\x3a\x42]",
        # Fields of NetParameter: name (1), or no name and at once a layer (2 or 100).
        "caffemodel": rb"\x0a.[ -~]*(?:[\x12\x1a]|\xa2\x06)|\xa2\x06|\x12.",
    }.items()
}
_MISTAKEN = {
    what: re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for what, pattern in {
        "a web page, not the weights file that it may lead to: download that": rb"\s*<(?:!doc|html)",
        "a Git LFS pointer, not the file itself: run `git lfs pull`": rb"version https://git-lfs",
        "a MATLAB 7.3 file, which is HDF5: save it with -v7": rb"MATLAB 7\.3",
        "a pickle, which could run code: save its arrays with numpy.savez": rb"\x80[\x02-\x05]",
    }.items()
}


def _zip_module(path: Path) -> str:
    """Return which reader a zip file needs: PyTorch and NumPy write zip files too."""
    with reported(path, "zip-based"):
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    # torch puts everything into one folder.
    if any(re.fullmatch(r"[^/]+/data\.pkl", name) for name in names):
        return "torch_pth"
    if names and all(name.endswith(".npy") for name in names):
        return "numpy_file"
    return "archive"


def _check_directory(path: Path) -> None:
    """Refuse a zip file that is cut, or of very many members, which take memory to list."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position = -1
        for _ in range(MAX_MEMBERS + 1):
            if (position := content.find(_DIRECTORY_ENTRY, position + 1)) < 0:
                break
        else:
            raise WeightsError(
                f"it is a zip file of more than {MAX_MEMBERS} members: give the weights file itself"
            )
        if content.rfind(_DIRECTORY_END) < 0:
            raise WeightsError(
                "it is damaged: a zip file, as PyTorch, NumPy and Keras write too, without its end; "
                "download or copy it again"
            )
