"""Reader of the state dicts that PyTorch saves (`.pth`, `.pt`), for VGG16 and VGG19.

    features.0.weight              torchvision, and with a prefix such as `module.` or `vgg.`
    0.weight                       its `features` alone
    conv1_1.weight                 networks that name their layers as Caffe does
    {"state_dict": {...}}          a training checkpoint; or "model" and the like

Both of PyTorch's formats are read, the zip file and the pickles from before PyTorch 1.6, as data
only: a file that holds more than tensors is refused.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weights_tools.errors import WeightsError, one_line, printable
from weights_tools.readers.checkpoint import Checkpoint, Values
from weights_tools.readers.damage import reported
from weights_tools.readers.naming import in_order, paired
from weights_tools.readers.nested import MAX_DEPTH, leaves
from weights_tools.readers.torch_pickle import check_legacy, check_pickle

if TYPE_CHECKING:
    import torch

# VGG19 has 38 tensors with its dense layers; a checkpoint's optimizer has a few times that.
MAX_MEMBERS = 10_000
# Under these, a training checkpoint keeps the network beside its optimizer's copies.
_NETWORK_KEYS = ("state_dict", "model_state_dict", "model", "network", "net", "params")
_KIND = "PyTorch"


@contextlib.contextmanager
def read_torch_pth(path: Path) -> Iterator[Checkpoint]:
    """Open a state dict of PyTorch; of the zip format, only what is asked for is read.

    No code in the file is run, and what it claims is checked before PyTorch opens it.
    """
    with reported(path, _KIND):
        is_zip = _check(path)
        content = _loaded(path, is_zip=is_zip)
        tensors = _tensors(_network(content))
        values = [_values(path, name, tensor) for name, tensor in tensors]
        checkpoint = Checkpoint(in_order(paired(values)))
    yield checkpoint


def _check(path: Path) -> bool:
    """Check a file without PyTorch; return whether it is in the zip format."""
    with path.open("rb") as file:
        start = file.read(262)
        if start.startswith(b"PK"):
            with zipfile.ZipFile(file) as archive:
                _check_archive(archive, path.stat().st_size)
            return True
        if start.endswith(b"ustar"):
            raise WeightsError(
                "it is a tar file of PyTorch's first releases, which cannot be read safely: "
                "load it where it was made and save its state dict with a newer PyTorch"
            )
        file.seek(0)
        check_legacy(file, path.stat().st_size)
        return False


def _check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """Check the pickle in a zip file that is safe to unpack, and its storages."""
    _check_directory(archive.infolist(), size)
    # PyTorch does not look at the checksums.
    if damaged := archive.testzip():
        raise ValueError(f"{printable(damaged)} does not match its checksum")
    names = archive.namelist()
    if any(name.endswith("constants.pkl") for name in names):
        raise WeightsError(
            "it is a TorchScript archive, which holds code: load it with torch.jit.load and save "
            "its state_dict() with torch.save"
        )
    pickles = [name for name in names if name.endswith("data.pkl")]
    if len(pickles) != 1:
        raise WeightsError(
            f"it has {len(pickles)} members data.pkl, expected one: give a file of torch.save"
        )
    prefix = f"{pickles[0].removesuffix('data.pkl')}data/"
    storages = {
        each.filename.removeprefix(prefix): each.file_size
        for each in archive.infolist()
        if each.filename.startswith(prefix)
    }
    check_pickle(io.BytesIO(archive.read(pickles[0])), storages)


def _check_directory(members: list[zipfile.ZipInfo], size: int) -> None:
    """Check that nothing in a zip file grows when it is read: PyTorch stores members as they are.

    Raises:
        WeightsError: a member is compressed, or they claim more than the file's own size.
    """
    unpacked = sum(each.file_size for each in members)
    if unpacked > size or len(members) > MAX_MEMBERS:
        raise WeightsError(
            f"it would unpack to {len(members)} members of {unpacked} bytes, more than "
            f"{MAX_MEMBERS} or its own {size}: give a file of torch.save"
        )
    if any(each.compress_type != zipfile.ZIP_STORED for each in members):
        raise WeightsError(
            "its members are compressed, which PyTorch cannot read: give the file as torch.save "
            "wrote it"
        )
    if len({each.filename for each in members}) < len(members):
        raise WeightsError("two of its members have one name: give a file of torch.save")


def _loaded(path: Path, *, is_zip: bool) -> Any:
    """Return what PyTorch reads; of a zip file, tensors that lie in the file still."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of PyTorch are for whom uses it
        torch = _imported()
        try:
            return _load_weights_only(torch, path, is_zip=is_zip)
        except pickle.UnpicklingError as error:
            # Before this, PyTorch advises to load the file without its protection.
            raise ValueError(str(error).rpartition("WeightsUnpickler error: ")[2]) from None


def _imported() -> Any:
    try:
        import torch
    except (ImportError, OSError) as error:
        raise WeightsError(
            f"reading PyTorch files needs PyTorch ({one_line(str(error))}): pip install torch, "
            "or save the file as safetensors where PyTorch is installed"
        ) from None
    return torch


def _load_weights_only(torch: Any, path: Path, *, is_zip: bool) -> Any:
    options = {"weights_only": True, "map_location": "cpu"}
    # By such a name, PyTorch takes it for another format; and only by name it maps files.
    if path.suffix == ".safetensors":
        with path.open("rb") as file:
            return torch.load(file, **options)
    return torch.load(os.fspath(path), **options, mmap=is_zip)


def _network(content: Any) -> dict[Any, Any]:
    """Return the network's part of a checkpoint, which also keeps its optimizer's copies of it."""
    for _ in range(MAX_DEPTH):
        if not isinstance(content, dict):
            raise WeightsError(
                f"it holds a {type(content).__name__}, expected a dict of tensors: "
                "save model.state_dict() with torch.save"
            )
        parts = [content[key] for key in _NETWORK_KEYS if isinstance(content.get(key), dict)]
        if not parts:
            break
        content = parts[0]
    return content


def _tensors(content: dict[Any, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors in nested dictionaries, by names with dots between the keys."""
    import torch

    for name, value in leaves(content, (dict,), ".", "save model.state_dict() only"):
        if isinstance(value, torch.Tensor):
            yield name, value


def _values(path: Path, name: str, tensor: torch.Tensor) -> Values:
    return Values(
        name,
        tuple(tensor.shape),
        str(tensor.dtype).removeprefix("torch."),
        functools.partial(_read, path, tensor),
    )


def _read(path: Path, tensor: torch.Tensor) -> np.ndarray:
    import torch

    with reported(path, _KIND):
        tensor = tensor.detach().resolve_neg()
        widened = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        # A copy, or it would end with the file that it is mapped from.
        return np.array(widened.numpy())
